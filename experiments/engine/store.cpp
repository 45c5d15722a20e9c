#include "experiments/engine/store.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <sstream>

#include "core/base/hash.h"

namespace oubli {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void fail(const fs::path& path, const std::string& what, int error = errno) {
  throw Error(ErrorKind::kStore,
              fmt::format("{}: {}: {}.", path.string(), what, std::strerror(error)));
}

void flush_to_disk(const fs::path& path) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) fail(path, "cannot be opened to flush it");
  const int result = ::fsync(descriptor);
  const int error = errno;
  ::close(descriptor);
  // Some file systems cannot flush folders; there the rename alone has to do.
  if (result != 0 && error != EINVAL) fail(path, "cannot be flushed to disk", error);
}

void create_folder(const fs::path& path) {
  std::error_code error;
  fs::create_directories(path, error);
  if (error) {
    throw Error(ErrorKind::kStore,
                fmt::format("{}: the folder cannot be made: {}.", path.string(), error.message()));
  }
}

// Held for as long as it lives; the system releases it when the process dies.
class Lock {
 public:
  explicit Lock(const fs::path& path) : path_(path) {
    descriptor_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (descriptor_ < 0) fail(path, "the lock cannot be made");
    while (::flock(descriptor_, LOCK_EX) != 0) {
      if (errno != EINTR) fail(path, "the lock cannot be taken");
    }
  }
  ~Lock() { ::close(descriptor_); }
  Lock(const Lock&) = delete;
  Lock& operator=(const Lock&) = delete;

 private:
  fs::path path_;
  int descriptor_;
};

Json file_list(const fs::path& folder) {
  Json files = Json::object();
  std::vector<fs::path> paths;
  for (const auto& item : fs::directory_iterator(folder)) paths.push_back(item.path());
  std::sort(paths.begin(), paths.end());
  for (const fs::path& path : paths) {
    files[path.filename().string()] = {{"bytes", fs::file_size(path)},
                                       {"sha256", file_hash_hex(path)}};
  }
  return files;
}

}  // namespace

Store::Store(fs::path folder) : folder_(std::move(folder)) {
  for (const char* part : {"entries", "partial", "locks"}) create_folder(folder_ / part);
}

fs::path Store::entry(const std::string& key) const {
  return folder_ / "entries" / key.substr(0, 2) / key;
}

Store::Check Store::check(const std::string& key, bool thorough) const {
  const fs::path folder = entry(key);
  std::error_code error;
  if (!fs::exists(folder, error)) return {};
  try {
    const Json description = describe(key);
    for (const auto& [name, file] : description.at("files").items()) {
      const fs::path path = folder / name;
      if (!fs::exists(path, error)) return {State::kDamaged, fmt::format("{} is missing", name)};
      const auto bytes = fs::file_size(path, error);
      if (bytes != file.at("bytes").get<std::uintmax_t>()) {
        return {State::kDamaged, fmt::format("{} has {} bytes, expected {}", name, bytes,
                                             file.at("bytes").get<std::uintmax_t>())};
      }
      if (thorough && file_hash_hex(path) != file.at("sha256").get<std::string>()) {
        return {State::kDamaged, fmt::format("{} does not match its checksum", name)};
      }
    }
  } catch (const nlohmann::json::exception&) {
    return {State::kDamaged, "entry.json cannot be understood"};
  } catch (const Error& problem) {
    return {State::kDamaged, problem.what()};
  }
  return {State::kSound, ""};
}

Json Store::describe(const std::string& key) const {
  return Json::parse(read_text_file(entry(key) / "entry.json"));
}

bool Store::produce(const std::string& key, const Json& description,
                    const std::function<void(const fs::path&)>& work) const {
  const Lock lock(folder_ / "locks" / key);
  const Check before = check(key, /*thorough=*/true);
  if (before.state == State::kSound) return false;
  if (before.state == State::kDamaged) remove(key);
  const fs::path partial = folder_ / "partial" / fmt::format("{}.{}", key, ::getpid());
  std::error_code ignored;
  fs::remove_all(partial, ignored);
  create_folder(partial);
  try {
    work(partial);
    Json entry_json = description;
    entry_json["key"] = key;
    entry_json["files"] = file_list(partial);
    for (const auto& item : fs::directory_iterator(partial)) flush_to_disk(item.path());
    write_file(partial / "entry.json", entry_json.dump(1) + "\n");
    flush_to_disk(partial);
    const fs::path target = entry(key);
    create_folder(target.parent_path());
    std::error_code error;
    fs::rename(partial, target, error);
    if (error) {
      throw Error(ErrorKind::kStore,
                  fmt::format("{}: the finished stage cannot be moved there: {}.", target.string(),
                              error.message()));
    }
    flush_to_disk(target.parent_path());
  } catch (...) {
    fs::remove_all(partial, ignored);
    throw;
  }
  return true;
}

std::vector<std::string> Store::keys() const {
  std::vector<std::string> keys;
  for (const auto& shard : fs::directory_iterator(folder_ / "entries")) {
    if (!shard.is_directory()) continue;
    for (const auto& item : fs::directory_iterator(shard.path())) {
      keys.push_back(item.path().filename().string());
    }
  }
  std::sort(keys.begin(), keys.end());
  return keys;
}

void Store::remove(const std::string& key) const {
  std::error_code error;
  fs::remove_all(entry(key), error);
  if (error) {
    throw Error(ErrorKind::kStore,
                fmt::format("{}: cannot be removed: {}.", entry(key).string(), error.message()));
  }
}

std::size_t Store::sweep() const {
  std::size_t removed = 0;
  std::error_code ignored;
  for (const auto& item : fs::directory_iterator(folder_ / "partial")) {
    // KEY.PID: still in work where that process lives.
    const std::string name = item.path().filename().string();
    const std::size_t dot = name.rfind('.');
    const int owner = dot == std::string::npos ? 0 : std::atoi(name.c_str() + dot + 1);
    if (owner > 0 && fs::exists(fmt::format("/proc/{}", owner), ignored)) continue;
    fs::remove_all(item.path(), ignored);
    ++removed;
  }
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

void write_file(const fs::path& path, const std::string& text) {
  const fs::path temporary = path.string() + fmt::format(".{}.tmp", ::getpid());
  const int descriptor = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (descriptor < 0) fail(path, "cannot be written");
  std::size_t done = 0;
  while (done < text.size()) {
    const ssize_t count = ::write(descriptor, text.data() + done, text.size() - done);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) {
      const int error = errno;
      ::close(descriptor);
      ::unlink(temporary.c_str());
      fail(path, "cannot be written", error);
    }
    done += static_cast<std::size_t>(count);
  }
  const bool flushed = ::fsync(descriptor) == 0;
  const int flush_error = errno;
  ::close(descriptor);
  if (!flushed || ::rename(temporary.c_str(), path.c_str()) != 0) {
    const int error = flushed ? errno : flush_error;
    ::unlink(temporary.c_str());
    fail(path, "cannot be written", error);
  }
}

std::string read_text_file(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) fail(path, "cannot be read");
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

}  // namespace oubli
