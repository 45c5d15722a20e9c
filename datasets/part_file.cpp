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
  descriptor_ = ::open(path_.c_str(), flags, 0666);
  if (descriptor_ >= 0) return;
  const bool is_link = errno == ELOOP;
  throw FileError(
      ErrorKind::kData, path_,
      is_link ? "is a symbolic link, which is not followed: remove it" : "cannot be written",
      is_link ? 0 : errno);
}

PartFile::~PartFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

void PartFile::write(const void* bytes, std::size_t count) {
  const auto* next = static_cast<const char*>(bytes);
  while (count > 0) {
    const ssize_t done = ::write(descriptor_, next, count);
    if (done < 0 && errno == EINTR) continue;
    if (done < 0) throw FileError(ErrorKind::kData, path_, "cannot be written", errno);
    next += done;
    count -= static_cast<std::size_t>(done);
  }
}

void PartFile::close() {
  if (::close(std::exchange(descriptor_, -1)) != 0) {
    throw FileError(ErrorKind::kData, path_, "cannot be written", errno);
  }
}

}  // namespace oubli
