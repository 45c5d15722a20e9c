#include "core/base/file_lock.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <utility>

#include "core/base/file.h"
#include "core/base/text.h"

namespace oubli {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kLongestHolder = 200;

// Who this process is, as others should read it.
std::string own_name() {
  std::array<char, 256> host{};
  if (::gethostname(host.data(), host.size() - 1) != 0) host[0] = '\0';
  return fmt::format("process {} on {}", ::getpid(), host[0] != '\0' ? host.data() : "this host");
}

std::string holder_of(const fs::path& path) {
  std::array<char, kLongestHolder> text{};
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (descriptor < 0) return "another process";
  const ssize_t count = ::read(descriptor, text.data(), text.size());
  ::close(descriptor);
  return count > 0 ? printable({text.data(), static_cast<std::size_t>(count)}) : "another process";
}

// Whether the open file is still the one of that name: a holder removes its file before it lets go.
bool is_at(const fs::path& path, int descriptor) {
  struct stat open {
  }, named{};
  return ::fstat(descriptor, &open) == 0 && ::stat(path.c_str(), &named) == 0 &&
         open.st_dev == named.st_dev && open.st_ino == named.st_ino;
}

}  // namespace

FileLock::FileLock(fs::path path, int descriptor)
    : path_(std::move(path)), descriptor_(descriptor) {
  const std::string name = own_name();
  // For people only: where it cannot be written, the lock holds all the same.
  if (::ftruncate(descriptor_, 0) == 0) {
    [[maybe_unused]] const ssize_t written = ::pwrite(descriptor_, name.data(), name.size(), 0);
  }
}

FileLock::FileLock(FileLock&& other) noexcept
    : path_(std::move(other.path_)), descriptor_(std::exchange(other.descriptor_, -1)) {}

FileLock::~FileLock() {
  if (descriptor_ < 0) return;
  ::unlink(path_.c_str());
  ::close(descriptor_);
}

std::optional<FileLock> FileLock::attempt(const fs::path& path, bool wait, ErrorKind kind) {
  while (true) {
    const int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666);
    if (descriptor < 0) throw FileError(kind, path, "the lock cannot be made", errno);
    int result = 0;
    do {
      result = ::flock(descriptor, LOCK_EX | (wait ? 0 : LOCK_NB));
    } while (result != 0 && errno == EINTR);
    const int reason = errno;
    if (result == 0 && is_at(path, descriptor)) return FileLock(path, descriptor);
    ::close(descriptor);
    if (result != 0 && reason == EWOULDBLOCK) return std::nullopt;
    if (result != 0) throw FileError(kind, path, "the lock cannot be taken", reason);
  }
}

std::optional<FileLock> FileLock::try_take(const fs::path& path, ErrorKind kind) {
  return attempt(path, /*wait=*/false, kind);
}

FileLock FileLock::take(const fs::path& path,
                        const std::function<void(const std::string&)>& on_wait, ErrorKind kind) {
  if (std::optional<FileLock> lock = try_take(path, kind)) return std::move(*lock);
  if (on_wait) on_wait(holder_of(path));
  std::optional<FileLock> lock = attempt(path, /*wait=*/true, kind);
  return std::move(*lock);
}

void FileLock::require_locks(const fs::path& folder, ErrorKind kind) {
  // Who sweeps the folder may hold a new lock file for a moment.
  for (int attempts = 0; attempts < 10; ++attempts) {
    const fs::path probe = folder / fmt::format("probe.{}", random_suffix());
    const std::optional<FileLock> first = try_take(probe, kind);
    if (!first) continue;
    const int second = ::open(probe.c_str(), O_RDWR | O_CLOEXEC);
    const bool excludes = second >= 0 && ::flock(second, LOCK_EX | LOCK_NB) != 0;
    if (second >= 0) ::close(second);
    if (excludes) return;
  }
  throw FileError(kind, folder,
                  "the file system has no locks that keep two processes apart; choose a folder on "
                  "another",
                  0);
}

std::string random_suffix() {
  constexpr std::string_view kLetters = "0123456789abcdefghijklmnopqrstuv";
  std::array<unsigned char, 16> bytes{};
  if (::getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size())) {
    throw Error(ErrorKind::kStore, "the system gives no random numbers.");
  }
  std::string text;
  for (const unsigned char byte : bytes) text += kLetters[byte % kLetters.size()];
  return text;
}

}  // namespace oubli
