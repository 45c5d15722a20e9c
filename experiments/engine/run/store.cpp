#include "experiments/engine/run/store.h"

#include <fmt/format.h>

#include <cstdlib>

#include "core/base/file_lock.h"
#include "core/base/hash.h"
#include "experiments/engine/run/entry_file.h"
#include "experiments/engine/run/shared_rights.h"

namespace oubli {
namespace {

namespace fs = std::filesystem;

}  // namespace

Store::Store(fs::path folder, Access access) : folder_(std::move(folder)) {
  if (access != Access::kToWrite && !is_there(folder_ / "entries")) {
    throw Error(ErrorKind::kUsage,
                fmt::format("{}: there is no store here; `oubli run FILE --store DIR` makes one.",
                            folder_.string()));
  }
  if (access == Access::kToRead) return;
  create_folder(folder_);
  const SharedRights rights(folder_);
  for (const char* part : {"entries", "partial", "locks"}) create_folder(folder_ / part);
  FileLock::require_locks(folder_ / "locks");
  const fs::path probe = folder_ / "partial" / ("probe." + random_suffix());
  create_folder(probe);
  remove_tree(probe);
}

fs::path Store::entry(const std::string& key) const {
  return folder_ / "entries" / key.substr(0, 2) / key;
}

const Store::Record& Store::record(const std::string& key, bool read_again) const {
  if (const auto found = records_.find(key); found != records_.end() && !read_again) {
    return found->second;
  }
  records_.erase(key);
  std::string text;
  try {
    text = read_text_file(entry(key) / kEntryFile);
  } catch (const FileError& error) {
    if (!is_damage(error)) throw;
    throw DamagedEntry(key, error.is_missing() ? "entry.json is missing" : error.what());
  }
  if (const std::string problem = problem_of_entry(text, key); !problem.empty()) {
    throw DamagedEntry(key, problem);
  }
  const Json json = Json::parse(text);
  Record record;
  for (const auto& [name, file] : json.at("files").items()) {
    record.files[name] = {file.at("bytes").get<std::uint64_t>(),
                          file.at("sha256").get<std::string>()};
  }
  record.content = json.at("content").get<std::string>();
  record.inputs = json.at("inputs").get<Contents>();
  return records_[key] = std::move(record);
}

Store::Check Store::check(const std::string& key, bool thorough, const Contents& inputs) const {
  if (!is_there(entry(key))) return {};
  try {
    return check_files(key, thorough, inputs);
  } catch (const DamagedEntry& problem) {
    return {State::kDamaged, problem.problem()};
  } catch (const FileError& error) {
    // Gone since it was looked at: somebody else is mending it.
    if (!is_damage(error)) throw;
    return {State::kDamaged, error.is_missing() ? "a file is missing" : error.what()};
  }
}

Store::Check Store::check_files(const std::string& key, bool thorough,
                                const Contents& inputs) const {
  const Record& found = record(key, /*read_again=*/true);
  for (const auto& [name, file] : found.files) {
    const fs::path path = entry(key) / name;
    if (!is_there(path)) return {State::kDamaged, fmt::format("{} is missing", name)};
    const InputFile opened(path, ErrorKind::kStore);
    if (opened.size() != file.bytes) {
      return {State::kDamaged,
              fmt::format("{} has {} bytes, expected {}", name, opened.size(), file.bytes)};
    }
    if (thorough && file_hash_hex(path, HashAlgorithm::kSha256, ErrorKind::kStore) != file.sha256) {
      return {State::kDamaged, fmt::format("{} does not match its checksum", name)};
    }
  }
  if (!is_made_from(key, inputs)) {
    return {State::kDamaged, "it was made from another version of an input"};
  }
  return {State::kSound, ""};
}

std::string Store::read(const std::string& key, const std::string& file) const {
  // A second try: the entry may have been done again since its record was read.
  for (bool again : {false, true}) {
    const Record& found = record(key, again);
    const auto listed = found.files.find(file);
    if (listed == found.files.end()) {
      if (again) throw DamagedEntry(key, fmt::format("it has no {}", file));
      continue;
    }
    try {
      const InputFile opened(entry(key) / file, ErrorKind::kStore);
      if (opened.size() == listed->second.bytes) {
        std::string content = opened.read_all(listed->second.bytes);
        if (sha256_hex(content) == listed->second.sha256) return content;
      }
    } catch (const FileError& error) {
      if (!is_damage(error)) throw;
      if (again) {
        throw DamagedEntry(key,
                           error.is_missing() ? fmt::format("{} is missing", file) : error.what());
      }
    }
  }
  throw DamagedEntry(key, fmt::format("{} does not match its checksum", file));
}

std::uint64_t Store::bytes(const std::string& key, const std::string& file) const {
  const Record& found = record(key, /*read_again=*/false);
  const auto listed = found.files.find(file);
  if (listed == found.files.end()) throw DamagedEntry(key, fmt::format("it has no {}", file));
  return listed->second.bytes;
}

Json Store::describe(const std::string& key) const {
  return Json::parse(read_text_file(entry(key) / kEntryFile));
}

bool Store::is_made_from(const std::string& key, const Contents& inputs) const {
  if (content(key).empty()) return true;
  for (const auto& [input, content] : record(key, /*read_again=*/false).inputs) {
    const auto now = inputs.find(input);
    if (now != inputs.end() && !now->second.empty() && now->second != content) return false;
  }
  return true;
}

std::string Store::content(const std::string& key) const {
  // What was read once is known, whatever has become of the entry.
  if (const auto known = records_.find(key); known != records_.end()) return known->second.content;
  try {
    return is_there(entry(key)) ? record(key, /*read_again=*/false).content : "";
  } catch (const DamagedEntry&) {
    return "";
  }
}

fs::path Store::new_partial(const std::string& key) const {
  fs::path partial = folder_ / "partial" / fmt::format("{}.{}", key, random_suffix());
  create_folder(partial);
  return partial;
}

bool Store::produce(const NewEntry& made) const {
  const SharedRights rights(folder_);
  const FileLock lock = FileLock::take(lock_of(made.key), made.on_wait);
  const Contents inputs = made.inputs();
  const Check before = check(made.key, /*thorough=*/true, inputs);
  if (before.state == State::kSound) return false;
  if (before.state == State::kDamaged) remove_tree(entry(made.key));
  sweep_partial(made.key);
  const fs::path partial = new_partial(made.key);
  try {
    made.work(partial);
    if (made.inputs() != inputs) {
      throw DamagedEntry(made.key, "an input was changed while it was read");
    }
    Json json = made.description;
    json["key"] = made.key;
    json["inputs"] = inputs;
    describe_files(partial, json);
    write_file(partial / kEntryFile, with_checksum(std::move(json)));
    flush_to_disk(partial);
    const fs::path target = entry(made.key);
    create_folder(target.parent_path());
    try {
      rename_file(partial, target);
    } catch (const FileError&) {
      // A network file system may show late that somebody else was faster.
      if (check(made.key, /*thorough=*/true, inputs).state != State::kSound) throw;
      remove_tree(partial);
      return false;
    }
    flush_to_disk(target.parent_path());
    records_.erase(made.key);
  } catch (...) {
    std::error_code ignored;
    fs::remove_all(partial, ignored);
    throw;
  }
  return true;
}

fs::path default_store(const std::string& from_command_line) {
  if (!from_command_line.empty()) return from_command_line;
  if (const char* named = std::getenv("OUBLI_STORE"); named != nullptr && *named != '\0') {
    return named;
  }
  if (const char* cache = std::getenv("XDG_CACHE_HOME"); cache != nullptr && *cache != '\0') {
    return fs::path(cache) / "oubli" / "store";
  }
  if (const char* home = std::getenv("HOME"); home != nullptr && *home != '\0') {
    return fs::path(home) / ".cache" / "oubli" / "store";
  }
  throw Error(ErrorKind::kStore, "no place for the store: give --store DIR or set OUBLI_STORE.");
}

}  // namespace oubli
