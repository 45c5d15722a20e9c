#include "experiments/engine/run/entry_file.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/base/hash.h"

namespace oubli {
namespace {

namespace fs = std::filesystem;

const char* const kChecksum = "sha256";  // of entry.json without it, its last member

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

}  // namespace

bool is_key(const std::string& name) {
  return name.size() == 64 && std::all_of(name.begin(), name.end(), [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
         });
}

bool is_damage(const FileError& error) { return error.reason() == 0 || error.is_missing(); }

void describe_files(const fs::path& folder, Json& entry) {
  entry["files"] = Json::object();
  Hasher content;
  for (const std::string& name : names_in(folder)) {
    const fs::path path = folder / name;
    const std::string sha256 = file_hash_hex(path);
    entry["files"][name] = {{"bytes", InputFile(path, ErrorKind::kStore).size()},
                            {"sha256", sha256}};
    content.add(fmt::format("{} {}\n", name, content_hash(path, sha256)));
    flush_to_disk(path);
  }
  entry["content"] = content.hex();
  if (entry["files"].empty()) {
    throw FileError(ErrorKind::kStore, folder, "the stage's files are gone", 0);
  }
}

std::string with_checksum(Json entry) {
  entry.erase(kChecksum);
  entry[kChecksum] = sha256_hex(entry.dump(1));
  return entry.dump(1) + "\n";
}

std::string problem_of_entry(const std::string& text, const std::string& key) {
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

bool is_entry_of_another_version(const std::string& text, const std::string& key) {
  const Json json = parse_json(text);
  return json.is_object() && !json.contains(kChecksum) && !json.contains("content") &&
         json.contains("determined_by") && sha256_hex(json.at("determined_by").dump()) == key;
}

}  // namespace oubli
