#include "experiments/engine/run/store.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstdlib>

#include "core/base/file_lock.h"
#include "core/base/hash.h"

namespace oubli {
namespace {

namespace fs = std::filesystem;

const char* const kEntryFile = "entry.json";
const char* const kChecksum = "sha256";  // of entry.json without it, its last member

// Files made while it lives can be written by all who may write to the store's folder.
class SharedRights {
 public:
  explicit SharedRights(const fs::path& folder) : old_(::umask(0)) {
    struct stat status {};
    const bool known = ::stat(folder.c_str(), &status) == 0;
    mode_t mask = old_;
    // Without setgid new files belong to a group of their user's, which is none of the folder's.
    constexpr mode_t kGroup = S_IWGRP | S_ISGID;
    if (known && (status.st_mode & kGroup) == kGroup) mask &= ~static_cast<mode_t>(S_IRWXG);
    if (known && (status.st_mode & S_IWOTH) != 0) mask &= ~static_cast<mode_t>(S_IRWXO);
    ::umask(mask);
  }
  ~SharedRights() { ::umask(old_); }
  SharedRights(const SharedRights&) = delete;
  SharedRights& operator=(const SharedRights&) = delete;

 private:
  mode_t old_;
};

bool is_key(const std::string& name) {
  return name.size() == 64 && std::all_of(name.begin(), name.end(), [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
         });
}

// Whether something else stands where a file was written, or nothing. What the system refuses is no
// damage.
bool is_damage(const FileError& error) { return error.reason() == 0 || error.is_missing(); }

void remove_seconds(Json& json) {
  if (json.is_object()) {
    for (const char* time : {"seconds", "seconds_ratio"}) json.erase(time);
  }
  for (Json& part : json) {
    if (part.is_structured()) remove_seconds(part);
  }
}

std::string content_hash(const fs::path& path, const std::string& sha256) {
  if (path.extension() != ".json") return sha256;
  Json json = parse_json(read_text_file(path));
  if (json.is_discarded()) return sha256;
  remove_seconds(json);
  return sha256_hex(json.dump(-1, ' ', false, Json::error_handler_t::replace));
}

// The text of an entry.json with its own checksum at the end.
std::string with_checksum(Json json) {
  json.erase(kChecksum);
  json[kChecksum] = sha256_hex(json.dump(1));
  return json.dump(1) + "\n";
}

// Why the text is not the entry.json that was written for this key; "" where it is.
std::string problem_of(const std::string& text, const std::string& key) {
  const Json json = parse_json(text);
  if (!json.is_object()) return "entry.json cannot be understood";
  if (!json.contains(kChecksum) || with_checksum(json) != text) {
    return "entry.json does not match its checksum";
  }
  if (json.value("key", "") != key) return "it is the entry of another key";
  if (!json.contains("determined_by") || sha256_hex(json.at("determined_by").dump()) != key) {
    return "its key is not the hash of what determined it";
  }
  if (!json.contains("files") || json.at("files").empty()) return "it has no files";
  return "";
}

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
  if (const std::string problem = problem_of(text, key); !problem.empty()) {
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

bool Store::is_of_another_version(const std::string& key) const {
  Json json;
  try {
    json = parse_json(read_text_file(entry(key) / kEntryFile));
  } catch (const FileError& error) {
    if (!is_damage(error)) throw;
  }
  return json.is_object() && !json.contains(kChecksum) && !json.contains("content") &&
         json.contains("determined_by") && sha256_hex(json.at("determined_by").dump()) == key;
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
    json["files"] = Json::object();
    Hasher content;
    for (const std::string& name : names_in(partial)) {
      const fs::path path = partial / name;
      const std::string sha256 = file_hash_hex(path);
      json["files"][name] = {{"bytes", InputFile(path, ErrorKind::kStore).size()},
                             {"sha256", sha256}};
      content.add(fmt::format("{} {}\n", name, content_hash(path, sha256)));
      flush_to_disk(path);
    }
    json["content"] = content.hex();
    if (json["files"].empty()) {
      throw FileError(ErrorKind::kStore, partial, "the stage's files are gone", 0);
    }
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
