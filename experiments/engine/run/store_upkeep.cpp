// What keeps a store in order: its keys, and what is removed from it.
#include <functional>
#include <optional>

#include "core/base/file_lock.h"
#include "experiments/engine/run/entry_file.h"
#include "experiments/engine/run/shared_rights.h"
#include "experiments/engine/run/store.h"

namespace oubli {
namespace {

namespace fs = std::filesystem;

}  // namespace

std::vector<std::string> Store::keys() const {
  std::vector<std::string> keys;
  for (const std::string& shard : names_in(folder_ / "entries")) {
    const fs::path folder = folder_ / "entries" / shard;
    if (shard.size() != 2 || what_stands_at(folder) != "is a folder") continue;
    for (const std::string& name : names_in(folder)) {
      if (is_key(name) && name.starts_with(shard)) keys.push_back(name);
    }
  }
  return keys;
}

void Store::discard(const std::string& key) const {
  const SharedRights rights(folder_);
  const FileLock lock = FileLock::take(lock_of(key));
  remove_tree(entry(key));
  records_.erase(key);
}

bool Store::remove_damaged(const std::string& key) const {
  const SharedRights rights(folder_);
  const std::optional<FileLock> lock = FileLock::try_take(lock_of(key));
  if (!lock || check(key, /*thorough=*/true).state != State::kDamaged) return false;
  remove_tree(entry(key));
  records_.erase(key);
  return true;
}

void Store::sweep_partial(const std::string& key) const {
  for (const std::string& name : names_in(folder_ / "partial")) {
    if (name.starts_with(key)) remove_tree(folder_ / "partial" / name);
  }
}

std::size_t Store::sweep() const {
  const SharedRights rights(folder_);
  std::size_t removed = 0;
  const auto unless_held = [&](const std::string& key, const std::function<void()>& act) {
    try {  // what another user left and this one may not touch does no harm
      if (const std::optional<FileLock> lock = FileLock::try_take(lock_of(key))) act();
    } catch (const FileError&) {
    }
  };
  for (const std::string& name : names_in(folder_ / "partial")) {
    const std::string key = name.substr(0, name.find('.'));
    const fs::path partial = folder_ / "partial" / name;
    std::error_code ignored;
    if (key == "probe") fs::remove(partial, ignored);
    if (!is_key(key)) continue;
    // Whoever writes it holds its lock.
    unless_held(key, [&] {
      const bool is_left = is_there(partial);
      remove_tree(partial);
      removed += is_left ? 1 : 0;
    });
  }
  // Locks of processes that were killed: taking one removes it.
  for (const std::string& name : names_in(folder_ / "locks")) unless_held(name, [] {});
  return removed;
}

bool Store::is_of_another_version(const std::string& key) const {
  try {
    return is_entry_of_another_version(read_text_file(entry(key) / kEntryFile), key);
  } catch (const FileError& error) {
    if (!is_damage(error)) throw;
  }
  return false;
}

}  // namespace oubli
