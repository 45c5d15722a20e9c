// A lock that processes share through a file: held until it is destroyed, or until its process
// dies, however that ends. It works between processes, containers and, on a file system whose locks
// do, between hosts; process numbers mean nothing across these.
//
// The file says who holds it, for those who wait, and is removed when the lock is given up. The
// lock is the system's own (flock(2), which Linux turns into a byte-range lock on NFS).
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>

#include "core/base/descriptor.h"
#include "core/base/error.h"

namespace oubli {

class FileLock {
 public:
  // Waits for it. `on_wait` is called once, with who holds it, where somebody does. Errors:
  // FileError.
  static FileLock take(const std::filesystem::path& path,
                       const std::function<void(const std::string& holder)>& on_wait = {},
                       ErrorKind kind = ErrorKind::kStore);
  // Nothing where somebody else holds it.
  static std::optional<FileLock> try_take(const std::filesystem::path& path,
                                          ErrorKind kind = ErrorKind::kStore);
  // Throws FileError where the folder's file system has no locks that exclude anybody.
  static void require_locks(const std::filesystem::path& folder,
                            ErrorKind kind = ErrorKind::kStore);
  // Why locks there keep only the processes of this host apart, although other hosts see the same
  // files: "nfs mounted with nolock", "fuse.sshfs"; "" where nothing says so. From the table of
  // mounts (proc(5)).
  static std::string local_only(const std::filesystem::path& folder,
                                const std::filesystem::path& mounts = "/proc/self/mountinfo");

  FileLock(FileLock&& other) noexcept = default;
  FileLock& operator=(FileLock&&) = delete;
  ~FileLock();

 private:
  FileLock(std::filesystem::path path, Descriptor descriptor);
  static std::optional<FileLock> attempt(const std::filesystem::path& path, bool wait,
                                         ErrorKind kind);

  std::filesystem::path path_;
  Descriptor descriptor_;
};

// Sixteen random letters and digits, from the system: for names that no other process uses.
std::string random_suffix();

}  // namespace oubli
