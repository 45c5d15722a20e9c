// What every fuzz target shares. A target reads its input as its reader would read a file, and lets
// pass one exception: oubli::Error, the message that a user gets. Anything else, and what the
// sanitizers find, ends the run.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>

namespace oubli::fuzz {

// A file in memory that holds the input, for readers that take a path.
class InputFileInMemory {
 public:
  InputFileInMemory();
  ~InputFileInMemory();
  InputFileInMemory(const InputFileInMemory&) = delete;
  InputFileInMemory& operator=(const InputFileInMemory&) = delete;

  void write(const std::uint8_t* bytes, std::size_t count);
  // FOLDER/NAME is the file.
  std::filesystem::path folder() const { return "/proc/self/fd"; }
  std::string name() const { return std::to_string(descriptor_); }
  std::filesystem::path path() const { return folder() / name(); }

 private:
  int descriptor_;
};

// Runs `read`. An Error passes, and its message must be one that steers no terminal and quotes no
// more than a few lines.
void expect_error_or_nothing(const std::function<void()>& read);

}  // namespace oubli::fuzz
