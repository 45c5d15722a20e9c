#include "experiments/engine/report/result_folder.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <optional>
#include <set>

#include "core/base/file.h"
#include "core/base/file_lock.h"
#include "core/base/text.h"

namespace oubli {
namespace {

namespace fs = std::filesystem;

const char* const kNew = ".new";
const char* const kAside = ".new.old";

[[noreturn]] void refuse(const fs::path& path, const std::string& why) {
  throw Error(ErrorKind::kUsage,
              fmt::format("{}: {}. Give another folder with --output DIR.", path.string(), why));
}

// Also of a mount of a folder of the same file system.
bool is_mount_point(const fs::path& folder) {
  struct statx status {};
  if (::statx(AT_FDCWD, folder.c_str(), 0, STATX_BASIC_STATS, &status) != 0) return false;
  return (status.stx_attributes_mask & STATX_ATTR_MOUNT_ROOT) != 0 &&
         (status.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0;
}

// In a folder such as /tmp only its owner may rename a thing.
bool is_anothers_in_sticky_folder(const struct stat& own, const fs::path& parent) {
  struct stat above {};
  if (::stat(parent.c_str(), &above) != 0 || (above.st_mode & S_ISVTX) == 0) return false;
  const uid_t user = ::geteuid();
  return user != 0 && own.st_uid != user && above.st_uid != user;
}

bool holds(const fs::path& folder, const fs::path& inner) {
  const fs::path from_folder = inner.lexically_relative(folder);
  return !from_folder.empty() && *from_folder.begin() != "..";
}

bool holds_present_folder(const fs::path& folder) {
  std::error_code failure;
  const fs::path present = fs::current_path(failure);
  return !failure && holds(folder, present);
}

bool holds_results(const std::vector<std::string>& names) {
  return std::any_of(names.begin(), names.end(), [](const std::string& name) {
    return name == "results.json" || name == "record.json" || name == "reproduced.json" ||
           name.starts_with("influence-test-") || name.starts_with("spectrum-");
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

// Mode and group of the old folder, as far as this user may give them.
void take_rights_of(const fs::path& old, const fs::path& fresh) {
  struct stat status {};
  if (::stat(old.c_str(), &status) != 0) return;
  [[maybe_unused]] const int group = ::chown(fresh.c_str(), static_cast<uid_t>(-1), status.st_gid);
  ::chmod(fresh.c_str(), status.st_mode & 07777);
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

ResultFolder::ResultFolder(fs::path path, const fs::path& store) : path_(std::move(path)) {
  std::error_code failure;
  place_ = fs::weakly_canonical(fs::absolute(path_, failure), failure);
  if (failure) throw FileError(ErrorKind::kStore, path_, "cannot be used", failure.value());
  if (place_.filename().empty()) place_ = place_.parent_path();
  if (holds_present_folder(place_)) refuse(path_, "is the present folder, or holds it");
  if (!store.empty() && holds(place_, fs::weakly_canonical(fs::absolute(store), failure))) {
    refuse(path_, "holds the store, which would be replaced with the results");
  }
  struct stat status {};
  if (::stat(place_.c_str(), &status) == 0) {
    if (!S_ISDIR(status.st_mode)) refuse(path_, "is no folder");
    if (is_mount_point(place_)) {
      refuse(path_, "is where a file system is mounted; results need a folder inside of it");
    }
    if (is_anothers_in_sticky_folder(status, place_.parent_path())) {
      refuse(path_, "belongs to another user");
    }
    const std::vector<std::string> names = names_in(place_);
    if (!names.empty() && !holds_results(names)) {
      refuse(path_, fmt::format("holds {} and no results of oubli", quote(names.front())));
    }
  }
  create_folder(place_.parent_path());
  // Whether a folder can be made there at all; and whoever is first cleans up.
  if (const std::optional<FileLock> lock = FileLock::try_take(beside(".lock"))) {
    sweep();
    const fs::path probe = beside("." + random_suffix() + kNew);
    create_folder(probe);
    remove_tree(probe);
  }
}

fs::path ResultFolder::beside(const std::string& ending) const {
  return place_.parent_path() / fmt::format(".{}{}", place_.filename().string(), ending);
}

// Who holds the lock writes alone: whatever lies there is left over. What cannot be removed does no
// harm.
void ResultFolder::sweep() const {
  const std::string prefix = fmt::format(".{}.", place_.filename().string());
  const std::size_t random = random_suffix().size();
  for (const std::string& name : names_in(place_.parent_path())) {
    if (!name.starts_with(prefix) || name.size() < prefix.size() + random) continue;
    const std::string ending = name.substr(prefix.size() + random);
    const std::string middle = name.substr(prefix.size(), random);
    if ((ending != kNew && ending != kAside) || middle.find('.') != std::string::npos) continue;
    const fs::path left = place_.parent_path() / name;
    std::error_code ignored;
    if (ending == kAside && !is_there(place_)) {
      fs::rename(left, place_, ignored);  // killed between two names
    } else {
      fs::remove_all(left, ignored);
    }
  }
}

void ResultFolder::replace(const std::function<bool(const std::string&)>& is_replaced,
                           const std::function<void(const fs::path&)>& write) const {
  create_folder(place_.parent_path());
  const FileLock lock = FileLock::take(beside(".lock"));
  sweep();
  const fs::path fresh = beside("." + random_suffix() + kNew);
  create_folder(fresh);
  std::error_code ignored;
  try {
    std::set<std::string> kept;
    if (is_there(place_)) {
      for (const std::string& name : names_in(place_)) {
        if (is_replaced(name)) continue;
        carry_over(place_ / name, fresh / name);
        kept.insert(name);
      }
    }
    write(fresh);
    for (const std::string& name : names_in(fresh)) {
      if (!kept.contains(name)) flush_to_disk(fresh / name);
    }
    take_rights_of(place_, fresh);
    flush_to_disk(fresh);
    exchange(fresh, place_);
  } catch (...) {
    fs::remove_all(fresh, ignored);
    throw;
  }
  // The results are in their place. What somebody put into the old folder meanwhile moves over.
  if (is_there(fresh)) {
    for (const std::string& name : names_in(fresh)) {
      if (!is_replaced(name) && !is_there(place_ / name)) {
        fs::rename(fresh / name, place_ / name, ignored);
      }
    }
    fs::remove_all(fresh, ignored);
  }
}

}  // namespace oubli
