#include "datasets/part_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "core/base/file.h"

namespace oubli {

PartFile::PartFile(std::filesystem::path path, bool at_end) : path_(std::move(path)) {
  const int flags =
      O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | (at_end ? O_APPEND : O_TRUNC);
  descriptor_ = Descriptor(::open(path_.c_str(), flags, 0666));
  if (descriptor_.is_open()) return;
  const bool is_link = errno == ELOOP;
  throw FileError(
      ErrorKind::kData, path_,
      is_link ? "is a symbolic link, which is not followed: remove it" : "cannot be written",
      is_link ? 0 : errno);
}

void PartFile::write(const void* bytes, std::size_t count) {
  if (!write_all(descriptor_.get(), {static_cast<const char*>(bytes), count})) {
    throw FileError(ErrorKind::kData, path_, "cannot be written", errno);
  }
}

void PartFile::close() {
  if (::close(descriptor_.release()) != 0) {
    throw FileError(ErrorKind::kData, path_, "cannot be written", errno);
  }
}

}  // namespace oubli
