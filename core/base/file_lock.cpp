#include "core/base/file_lock.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <fstream>
#include <map>
#include <sstream>
#include <utility>
#include <vector>

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
  const Descriptor descriptor(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!descriptor.is_open()) return "another process";
  const ssize_t count = ::read(descriptor.get(), text.data(), text.size());
  return count > 0 ? printable({text.data(), static_cast<std::size_t>(count)}) : "another process";
}

// Whether the open file is still the one of that name: a holder removes its file before it lets go.
bool is_at(const fs::path& path, int descriptor) {
  struct stat open {
  }, named{};
  return ::fstat(descriptor, &open) == 0 && ::stat(path.c_str(), &named) == 0 &&
         open.st_dev == named.st_dev && open.st_ino == named.st_ino;
}

struct Mount {
  std::string type;
  std::vector<std::string> options;
};

// Mount points stand there with \ooo for blanks.
std::string unescaped(const std::string& text) {
  std::string result;
  for (std::size_t at = 0; at < text.size(); ++at) {
    int code = 0;
    const char* digits = text.data() + at + 1;
    if (text[at] == '\\' && text.size() - at > 3 &&
        std::from_chars(digits, digits + 3, code, 8).ptr == digits + 3) {
      result += static_cast<char>(code);
      at += 3;
    } else {
      result += text[at];
    }
  }
  return result;
}

bool lies_in(const fs::path& path, const fs::path& folder) {
  return std::mismatch(folder.begin(), folder.end(), path.begin(), path.end()).first ==
         folder.end();
}

// What the path lies on: the deepest mount point above it, of equal ones the last.
Mount mount_of(const fs::path& path, const fs::path& mounts) {
  // ID PARENT MAJOR:MINOR ROOT POINT OPTIONS TAG... - TYPE SOURCE OPTIONS
  Mount found;
  std::size_t depth = 0;
  std::ifstream table(mounts);
  for (std::string line; std::getline(table, line);) {
    std::istringstream words(line);
    std::string skipped, point, own_options, type, options;
    words >> skipped >> skipped >> skipped >> skipped >> point >> own_options;
    while (words >> skipped && skipped != "-") {
    }
    words >> type >> skipped >> options;
    point = unescaped(point);
    if (point.size() < depth || !lies_in(path, point)) continue;
    depth = point.size();
    found = {type, {}};
    std::istringstream all(fmt::format("{},{}", own_options, options));
    for (std::string option; std::getline(all, option, ',');) found.options.push_back(option);
  }
  return found;
}

}  // namespace

FileLock::FileLock(fs::path path, Descriptor descriptor)
    : path_(std::move(path)), descriptor_(std::move(descriptor)) {
  const std::string name = own_name();
  // For people only: where it cannot be written, the lock holds all the same.
  if (::ftruncate(descriptor_.get(), 0) == 0) {
    [[maybe_unused]] const ssize_t written =
        ::pwrite(descriptor_.get(), name.data(), name.size(), 0);
  }
}

FileLock::~FileLock() {
  // Before the lock is let go: who waits for it sees that the file is another one by then.
  if (descriptor_.is_open()) ::unlink(path_.c_str());
}

std::optional<FileLock> FileLock::attempt(const fs::path& path, bool wait, ErrorKind kind) {
  while (true) {
    Descriptor opened(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666));
    if (!opened.is_open()) throw FileError(kind, path, "the lock cannot be made", errno);
    int result = 0;
    do {
      result = ::flock(opened.get(), LOCK_EX | (wait ? 0 : LOCK_NB));
    } while (result != 0 && errno == EINTR);
    const int reason = errno;
    if (result == 0 && is_at(path, opened.get())) return FileLock(path, std::move(opened));
    if (result != 0 && reason == EWOULDBLOCK) return std::nullopt;
    if (result != 0) {
      // Made for nothing, unless it names a holder.
      struct stat status {};
      if (::fstat(opened.get(), &status) == 0 && status.st_size == 0) ::unlink(path.c_str());
      throw FileError(kind, path, "the lock cannot be taken", reason);
    }
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
    const Descriptor second(::open(probe.c_str(), O_RDWR | O_CLOEXEC));
    if (second.is_open() && ::flock(second.get(), LOCK_EX | LOCK_NB) != 0) return;
  }
  throw FileError(kind, folder,
                  "the file system has no locks that keep two processes apart; choose a folder on "
                  "another",
                  0);
}

std::string FileLock::local_only(const fs::path& folder, const fs::path& mounts) {
  // Types of file systems, and the options that keep locks from reaching the server.
  static const std::map<std::string, std::vector<std::string>> kLocal = {
      {"nfs", {"nolock", "local_lock=all", "local_lock=flock"}},
      {"nfs4", {"nolock", "local_lock=all", "local_lock=flock"}},
      {"cifs", {"nobrl"}},
      {"smb3", {"nobrl"}},
      {"lustre", {"localflock"}},
      {"fuse.sshfs", {}},
      {"vboxsf", {}}};
  std::error_code ignored;
  const Mount mount = mount_of(fs::weakly_canonical(folder, ignored), mounts);
  const auto known = kLocal.find(mount.type);
  if (known == kLocal.end()) return "";
  if (known->second.empty()) return mount.type;
  for (const std::string& option : known->second) {
    if (std::find(mount.options.begin(), mount.options.end(), option) != mount.options.end()) {
      return fmt::format("{} mounted with {}", mount.type, option);
    }
  }
  return "";
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
