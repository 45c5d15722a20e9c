// A file that is being filled under a temporary name: NAME.part.
#pragma once

#include <cstddef>
#include <filesystem>

#include "core/base/descriptor.h"

namespace oubli {

// Errors: FileError of kind kData; a symbolic link of that name is one.
class PartFile {
 public:
  // `at_end`: goes on behind what is there; otherwise from the start.
  PartFile(std::filesystem::path path, bool at_end);

  void write(const void* bytes, std::size_t count);
  // Some file systems say only here that something could not be written.
  void close();

 private:
  std::filesystem::path path_;
  Descriptor descriptor_;
};

}  // namespace oubli
