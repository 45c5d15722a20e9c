#include "core/base/file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>
#include <vector>

#include "core/base/text.h"

namespace oubli {
namespace {

namespace fs = std::filesystem;

std::string kind_of(mode_t mode) {
  if (S_ISDIR(mode)) return "is a folder";
  if (S_ISFIFO(mode)) return "is a named pipe";
  if (S_ISCHR(mode) || S_ISBLK(mode)) return "is a device";
  if (S_ISSOCK(mode)) return "is a socket";
  return S_ISREG(mode) ? "" : "is no file";
}

// Does not wait for the other end of a pipe.
Descriptor open_to_read(const fs::path& path, ErrorKind kind) {
  Descriptor descriptor(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (!descriptor.is_open()) throw FileError(kind, path, "cannot be read", errno);
  return descriptor;
}

struct stat status_of(int descriptor, const fs::path& path, ErrorKind kind) {
  struct stat status {};
  if (::fstat(descriptor, &status) != 0) throw FileError(kind, path, "cannot be looked at", errno);
  return status;
}

[[noreturn]] void fail_as_too_large(const fs::path& path, ErrorKind kind, std::uint64_t most) {
  throw FileError(kind, path,
                  fmt::format("is larger than the {} bytes that a file of its kind can have", most),
                  0);
}

// Waits until there is something to read, or the last writer has gone.
void wait_for_bytes(int descriptor) {
  pollfd waiting{descriptor, POLLIN, 0};
  ::poll(&waiting, 1, -1);
}

std::string read_stream(const Descriptor& stream, const fs::path& path, ErrorKind kind,
                        std::uint64_t most) {
  std::string text;
  std::vector<char> buffer(1 << 16);
  while (true) {
    const ssize_t count = ::read(stream.get(), buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && errno == EAGAIN) {
      wait_for_bytes(stream.get());
      continue;
    }
    if (count < 0) throw FileError(kind, path, "cannot be read", errno);
    if (count == 0) return text;
    text.append(buffer.data(), static_cast<std::size_t>(count));
    if (text.size() > most) fail_as_too_large(path, kind, most);
  }
}

}  // namespace

FileError::FileError(ErrorKind kind, const fs::path& path, const std::string& what, int reason)
    : Error(kind, reason == 0
                      ? fmt::format("{}: {}.", path.string(), what)
                      : fmt::format("{}: {}: {}.", path.string(), what, std::strerror(reason))),
      reason_(reason) {}

bool FileError::is_missing() const { return reason_ == ENOENT || reason_ == ENOTDIR; }

bool FileError::is_full() const {
  return reason_ == ENOSPC || reason_ == EDQUOT || reason_ == EFBIG;
}

InputFile::InputFile(fs::path path, ErrorKind kind) : path_(std::move(path)), kind_(kind) {
  descriptor_ = open_to_read(path_, kind);
  const struct stat status = status_of(descriptor_.get(), path_, kind);
  if (const std::string what = kind_of(status.st_mode); !what.empty()) {
    throw FileError(kind, path_, what + ", an ordinary file was expected", 0);
  }
  size_ = static_cast<std::uint64_t>(status.st_size);
}

void InputFile::read(std::uint64_t offset, void* bytes, std::size_t count) const {
  auto* target = static_cast<char*>(bytes);
  while (count > 0) {
    const ssize_t done = ::pread(descriptor_.get(), target, count, static_cast<off_t>(offset));
    if (done < 0 && errno == EINTR) continue;
    if (done < 0) throw FileError(kind_, path_, "cannot be read", errno);
    if (done == 0) {
      throw FileError(kind_, path_,
                      fmt::format("ends at byte {}; {} more were expected", offset, count), 0);
    }
    target += done;
    offset += static_cast<std::uint64_t>(done);
    count -= static_cast<std::size_t>(done);
  }
}

std::string InputFile::read_all(std::uint64_t most) const {
  if (size_ > most) fail_as_too_large(path_, kind_, most);
  std::string content(size_, '\0');
  read(0, content.data(), content.size());
  return content;
}

std::string read_text_file(const fs::path& path, ErrorKind kind, std::uint64_t most) {
  return InputFile(path, kind).read_all(most);
}

std::string read_text_stream(const fs::path& path, ErrorKind kind, std::uint64_t most) {
  const Descriptor stream = open_to_read(path, kind);
  const struct stat status = status_of(stream.get(), path, kind);
  const bool is_terminal = S_ISCHR(status.st_mode) && ::isatty(stream.get()) != 0;
  const bool is_null = S_ISCHR(status.st_mode) && path == "/dev/null";
  if (S_ISREG(status.st_mode) && static_cast<std::uint64_t>(status.st_size) > most) {
    fail_as_too_large(path, kind, most);
  }
  if (!S_ISREG(status.st_mode) && !S_ISFIFO(status.st_mode) && !S_ISSOCK(status.st_mode) &&
      !is_terminal && !is_null) {
    throw FileError(kind, path, kind_of(status.st_mode) + ", an ordinary file was expected", 0);
  }
  std::string text = read_stream(stream, path, kind, most);
  if (text.empty() && S_ISFIFO(status.st_mode)) {
    throw FileError(kind, path, "is a pipe that nothing was written to", 0);
  }
  return text;
}

void write_file(const fs::path& path, std::string_view text, ErrorKind kind) {
  const fs::path temporary = path.string() + fmt::format(".{}.tmp", ::getpid());
  {
    const Descriptor file(
        ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0666));
    if (!file.is_open()) throw FileError(kind, path, "cannot be written", errno);
    try {
      if (!write_all(file.get(), text)) throw FileError(kind, path, "cannot be written", errno);
      if (::fsync(file.get()) != 0 && errno != EINVAL) {
        throw FileError(kind, path, "cannot be flushed to disk", errno);
      }
    } catch (...) {
      ::unlink(temporary.c_str());
      throw;
    }
  }
  if (::rename(temporary.c_str(), path.c_str()) != 0) {
    const int reason = errno;
    ::unlink(temporary.c_str());
    throw FileError(kind, path, "cannot be written", reason);
  }
}

void create_folder(const fs::path& path, ErrorKind kind) {
  std::error_code failure;
  fs::create_directories(path, failure);
  if (failure) throw FileError(kind, path, "the folder cannot be made", failure.value());
}

void flush_to_disk(const fs::path& path, ErrorKind kind) {
  const Descriptor descriptor(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!descriptor.is_open()) throw FileError(kind, path, "cannot be opened to flush it", errno);
  // Some file systems cannot flush folders; there the rename alone has to do.
  if (::fsync(descriptor.get()) != 0 && errno != EINVAL) {
    throw FileError(kind, path, "cannot be flushed to disk", errno);
  }
}

void rename_file(const fs::path& from, const fs::path& to, ErrorKind kind) {
  if (::rename(from.c_str(), to.c_str()) != 0) {
    throw FileError(kind, to, "cannot be put in its place", errno);
  }
}

std::vector<std::string> names_in(const fs::path& folder, ErrorKind kind) {
  std::vector<std::string> names;
  std::error_code failure;
  for (fs::directory_iterator item(folder, failure), end; !failure && item != end;
       item.increment(failure)) {
    names.push_back(item->path().filename().string());
  }
  if (failure) throw FileError(kind, folder, "the folder cannot be read", failure.value());
  std::sort(names.begin(), names.end());
  return names;
}

void remove_tree(const fs::path& path, ErrorKind kind) {
  std::error_code failure;
  do {
    fs::remove_all(path, failure);
  } while (failure == std::errc::no_such_file_or_directory);  // somebody removes it too
  if (failure) throw FileError(kind, path, "cannot be removed", failure.value());
}

bool is_there(const fs::path& path, ErrorKind kind) {
  struct stat status {};
  if (::lstat(path.c_str(), &status) == 0) return true;
  if (errno == ENOENT || errno == ENOTDIR) return false;
  throw FileError(kind, path, "cannot be looked at", errno);
}

std::string what_stands_at(const fs::path& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 ? kind_of(status.st_mode) : "";
}

}  // namespace oubli
