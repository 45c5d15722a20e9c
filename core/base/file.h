// Files, read and written with care. A file is looked at before it is read: a named pipe would make
// the program wait for ever, a device or a sparse file would fill its memory. What is written is
// whole or not there.
//
// Errors: FileError, whose message is "PATH: what happened: the system's reason.".
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/descriptor.h"
#include "core/base/error.h"

namespace oubli {

// What became of a file or folder, and the system's number for why (errno; 0 where there is none).
class FileError : public Error {
 public:
  FileError(ErrorKind kind, const std::filesystem::path& path, const std::string& what, int reason);
  int reason() const { return reason_; }
  bool is_missing() const;  // there is no such file or folder
  bool is_full() const;     // no space, no inodes, or a quota or limit is reached

 private:
  int reason_;
};

// An ordinary file, open for reading. Anything else is refused before a byte is read.
class InputFile {
 public:
  explicit InputFile(std::filesystem::path path, ErrorKind kind = ErrorKind::kData);

  const std::filesystem::path& path() const { return path_; }
  std::uint64_t size() const { return size_; }  // when it was opened
  // Throws where there are fewer bytes.
  void read(std::uint64_t offset, void* bytes, std::size_t count) const;
  // All of it; throws where it has more bytes than `most`.
  std::string read_all(std::uint64_t most) const;

 private:
  std::filesystem::path path_;
  ErrorKind kind_;
  Descriptor descriptor_;
  std::uint64_t size_ = 0;
};

// The largest text file that is read: settings, reports, results. 256 MiB.
constexpr std::uint64_t kLargestText = std::uint64_t{1} << 28;

// The text of an ordinary file.
std::string read_text_file(const std::filesystem::path& path, ErrorKind kind = ErrorKind::kStore,
                           std::uint64_t most = kLargestText);
// The text of an ordinary file, a pipe that something writes to, or a terminal.
std::string read_text_stream(const std::filesystem::path& path, ErrorKind kind,
                             std::uint64_t most = kLargestText);

// Writes a file whole or not at all: temporary name, flush, rename.
void write_file(const std::filesystem::path& path, std::string_view text,
                ErrorKind kind = ErrorKind::kStore);
// Makes a folder and those above it.
void create_folder(const std::filesystem::path& path, ErrorKind kind = ErrorKind::kStore);
// Flushes a file or folder to disk; what a file system cannot flush it passes over.
void flush_to_disk(const std::filesystem::path& path, ErrorKind kind = ErrorKind::kStore);
// Renames, replacing a file.
void rename_file(const std::filesystem::path& from, const std::filesystem::path& to,
                 ErrorKind kind = ErrorKind::kStore);
// The names in a folder, sorted.
std::vector<std::string> names_in(const std::filesystem::path& folder,
                                  ErrorKind kind = ErrorKind::kStore);
// Removes a file, or a folder with all that is in it; nothing where there is none.
void remove_tree(const std::filesystem::path& path, ErrorKind kind = ErrorKind::kStore);

// Whether anything has that name, a link to nothing included; throws where that cannot be known.
bool is_there(const std::filesystem::path& path, ErrorKind kind = ErrorKind::kStore);

// "is a folder", "is a named pipe", ...: what stands where an ordinary file was expected; "" where
// one does, or nothing at all. Follows links.
std::string what_stands_at(const std::filesystem::path& path);

}  // namespace oubli
