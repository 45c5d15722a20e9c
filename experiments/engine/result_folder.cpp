#include "experiments/engine/result_folder.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <optional>

#include "core/base/file.h"
#include "core/base/file_lock.h"
#include "core/base/text.h"

namespace oubli {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void refuse(const fs::path& path, const std::string& why) {
  throw Error(ErrorKind::kUsage,
              fmt::format("{}: {}. Give another folder with --output DIR.", path.string(), why));
}

// Holds a folder's lock while it lives: the system's, on the folder itself.
class FolderLock {
 public:
  // Nothing where somebody else holds it, or the folder has gone.
  static std::optional<FolderLock> try_take(const fs::path& folder) {
    const int descriptor = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    if (descriptor < 0) return std::nullopt;
    FolderLock lock(descriptor);
    struct stat open {
    }, named{};
    const bool held = ::flock(descriptor, LOCK_EX | LOCK_NB) == 0 &&
                      ::fstat(descriptor, &open) == 0 && ::stat(folder.c_str(), &named) == 0 &&
                      open.st_ino == named.st_ino;
    return held ? std::optional(std::move(lock)) : std::nullopt;
  }
  FolderLock(FolderLock&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
  FolderLock& operator=(FolderLock&&) = delete;
  ~FolderLock() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }

 private:
  explicit FolderLock(int descriptor) : descriptor_(descriptor) {}
  int descriptor_;
};

struct LockedFolder {
  fs::path path;
  FolderLock lock;
};

LockedFolder new_folder_beside(const fs::path& place) {
  while (true) {  // somebody who sweeps may be faster than the lock
    fs::path path =
        place.parent_path() / fmt::format(".{}.{}.new", place.filename().string(), random_suffix());
    create_folder(path);
    if (std::optional<FolderLock> lock = FolderLock::try_take(path)) {
      return {std::move(path), std::move(*lock)};
    }
  }
}

bool is_mount_point(const fs::path& folder) {
  struct stat own {
  }, above{};
  return ::stat(folder.c_str(), &own) == 0 && ::stat(folder.parent_path().c_str(), &above) == 0 &&
         (own.st_dev != above.st_dev || own.st_ino == above.st_ino);
}

bool holds_present_folder(const fs::path& folder) {
  std::error_code failure;
  const fs::path present = fs::current_path(failure);
  if (failure) return false;
  const fs::path from_folder = present.lexically_relative(folder);
  return !from_folder.empty() && *from_folder.begin() != "..";
}

bool holds_results(const std::vector<std::string>& names) {
  return std::any_of(names.begin(), names.end(), [](const std::string& name) {
    return name == "results.json" || name.starts_with("influence-test-");
  });
}

// Links what it can, copies what it cannot.
void carry_over(const fs::path& from, const fs::path& to) {
  using Options = fs::copy_options;
  std::error_code failure;
  fs::copy(from, to, Options::recursive | Options::copy_symlinks | Options::create_hard_links,
           failure);
  if (!failure) return;
  fs::remove_all(to, failure);
  fs::copy(from, to, Options::recursive | Options::copy_symlinks, failure);
  if (failure) {
    throw FileError(ErrorKind::kStore, from, "cannot be kept beside the new results",
                    failure.value());
  }
}

// Puts `fresh` into the place of `old`, which is then where `fresh` was.
void exchange(const fs::path& fresh, const fs::path& old) {
  if (::renameat2(AT_FDCWD, fresh.c_str(), AT_FDCWD, old.c_str(), RENAME_EXCHANGE) == 0) return;
  if (errno == ENOENT) return rename_file(fresh, old);  // there was none
  // A file system that cannot exchange two names: there is a moment with neither, and none with
  // both.
  const fs::path aside = fresh.string() + ".old";
  rename_file(old, aside);
  rename_file(fresh, old);
  rename_file(aside, fresh);
}

}  // namespace

ResultFolder::ResultFolder(fs::path path) : path_(std::move(path)) {
  std::error_code failure;
  place_ = fs::weakly_canonical(fs::absolute(path_, failure), failure);
  if (failure) throw FileError(ErrorKind::kStore, path_, "cannot be used", failure.value());
  if (place_.filename().empty()) place_ = place_.parent_path();
  if (holds_present_folder(place_)) refuse(path_, "is the present folder, or holds it");
  struct stat status {};
  if (::stat(place_.c_str(), &status) == 0) {
    if (!S_ISDIR(status.st_mode)) refuse(path_, "is no folder");
    if (is_mount_point(place_)) {
      refuse(path_, "is where a file system is mounted; results need a folder inside of it");
    }
    const std::vector<std::string> names = names_in(place_);
    if (!names.empty() && !holds_results(names)) {
      refuse(path_, fmt::format("holds {} and no results of oubli", quote(names.front())));
    }
  }
  create_folder(place_.parent_path());
  sweep();
  remove_tree(new_folder_beside(place_).path);  // whether that can be done at all
}

void ResultFolder::sweep() const {
  const std::string prefix = fmt::format(".{}.", place_.filename().string());
  for (const std::string& name : names_in(place_.parent_path())) {
    if (!name.starts_with(prefix)) continue;
    const fs::path left = place_.parent_path() / name;
    const bool is_aside = name.ends_with(".new.old");
    if (!name.ends_with(".new") && !is_aside) continue;
    const std::optional<FolderLock> lock = FolderLock::try_take(left);
    if (!lock) continue;
    if (is_aside && !fs::exists(place_)) {
      rename_file(left, place_);  // killed between two names
    } else {
      remove_tree(left);
    }
  }
}

void ResultFolder::replace(const std::function<bool(const std::string&)>& is_replaced,
                           const std::function<void(const fs::path&)>& write) const {
  create_folder(place_.parent_path());
  const LockedFolder made = new_folder_beside(place_);
  const fs::path& fresh = made.path;
  try {
    if (fs::exists(place_)) {
      for (const std::string& name : names_in(place_)) {
        if (!is_replaced(name)) carry_over(place_ / name, fresh / name);
      }
    }
    write(fresh);
    for (const std::string& name : names_in(fresh)) flush_to_disk(fresh / name);
    flush_to_disk(fresh);
    exchange(fresh, place_);
    flush_to_disk(place_.parent_path());
  } catch (...) {
    std::error_code ignored;
    fs::remove_all(fresh, ignored);
    throw;
  }
  remove_tree(fresh);
}

}  // namespace oubli
