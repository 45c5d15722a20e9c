#include "core/base/machine_limits.h"

#include <fmt/format.h>
#include <sched.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <limits>
#include <optional>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

namespace oubli {
namespace {

namespace fs = std::filesystem;

std::optional<std::string> content(const fs::path& path) {
  std::ifstream file(path);
  if (!file) return std::nullopt;
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

// The number behind `key` in a file of "key number" lines, or of "key: number kB" ones.
std::optional<std::int64_t> entry(const fs::path& path, const std::string& key) {
  std::ifstream file(path);
  for (std::string word; file >> word;) {
    std::int64_t number = 0;
    if (word == key && file >> number) return number;
  }
  return std::nullopt;
}

std::optional<std::int64_t> number_in(const fs::path& path) {
  const std::optional<std::string> text = content(path);
  if (!text) return std::nullopt;
  char* end = nullptr;
  const std::int64_t number = std::strtoll(text->c_str(), &end, 10);
  return end == text->c_str() ? std::nullopt : std::optional(number);  // "max"
}

// The folders of the process's group and of all above it; `controller` of version 1, or "".
std::vector<fs::path> group_folders(const fs::path& root, const std::string& controller) {
  std::vector<fs::path> folders;
  std::istringstream lines(content(root / "proc/self/cgroup").value_or(""));
  for (std::string line; std::getline(lines, line);) {  // NUMBER:CONTROLLERS:/PATH
    const std::size_t first = line.find(':'), second = line.find(':', first + 1);
    if (first == std::string::npos || second == std::string::npos) continue;
    const std::string controllers = fmt::format(",{},", line.substr(first + 1, second - first - 1));
    const bool is_it = controller.empty()
                           ? controllers == ",,"
                           : controllers.find(fmt::format(",{},", controller)) != std::string::npos;
    if (!is_it) continue;
    const fs::path top = root / "sys/fs/cgroup" / controller;
    fs::path below = fs::path(line.substr(second + 1)).relative_path();
    // In a container the path may be the host's, and the group is mounted at the top.
    for (;; below = below.parent_path()) {
      folders.push_back(below.empty() ? top : top / below);
      if (below.empty()) break;
    }
  }
  return folders;
}

// What is left of a limit. Files that are kept in memory for speed count as used there, and make
// room when it is asked for; `prefix` is what their entries in memory.stat begin with.
std::int64_t left_of(const fs::path& group, const char* limit_file, const char* used_file,
                     const std::string& prefix) {
  const std::optional<std::int64_t> limit = number_in(group / limit_file);
  const std::optional<std::int64_t> used = number_in(group / used_file);
  if (!limit || !used) return std::numeric_limits<std::int64_t>::max();
  std::int64_t held = *used;
  for (const char* files : {"active_file", "inactive_file"}) {
    held -= entry(group / "memory.stat", prefix + files).value_or(0);
  }
  return std::max<std::int64_t>(0, *limit - std::max<std::int64_t>(0, held));
}

}  // namespace

std::int64_t available_memory(const fs::path& root) {
  const std::optional<std::int64_t> kilobytes = entry(root / "proc/meminfo", "MemAvailable:");
  std::int64_t bytes = kilobytes ? *kilobytes * 1024 : std::int64_t{1} << 30;
  for (const fs::path& group : group_folders(root, "")) {
    bytes = std::min(bytes, left_of(group, "memory.max", "memory.current", ""));
  }
  for (const fs::path& group : group_folders(root, "memory")) {
    bytes =
        std::min(bytes, left_of(group, "memory.limit_in_bytes", "memory.usage_in_bytes", "total_"));
  }
  return bytes;
}

std::int64_t available_cores(const fs::path& root) {
  std::int64_t cores = std::max<std::int64_t>(1, std::thread::hardware_concurrency());
  cpu_set_t allowed;
  if (::sched_getaffinity(0, sizeof allowed, &allowed) == 0 && CPU_COUNT(&allowed) > 0) {
    cores = CPU_COUNT(&allowed);
  }
  const auto limit = [&](std::int64_t quota, std::int64_t period) {
    if (quota > 0 && period > 0) {
      cores = std::min(cores, std::max<std::int64_t>(1, (quota + period / 2) / period));
    }
  };
  for (const fs::path& group : group_folders(root, "")) {
    std::istringstream text(
        content(group / "cpu.max").value_or(""));  // QUOTA PERIOD, or max PERIOD
    std::int64_t quota = 0, period = 0;
    if (text >> quota >> period) limit(quota, period);
  }
  for (const fs::path& group : group_folders(root, "cpu")) {
    limit(number_in(group / "cpu.cfs_quota_us").value_or(0),
          number_in(group / "cpu.cfs_period_us").value_or(0));
  }
  return cores;
}

std::string memory_shortage(double bytes, const std::string& what) {
  const auto available = static_cast<double>(available_memory());
  if (bytes <= available) return "";
  return fmt::format("{} needs about {:.3g} GB of memory; {:.3g} GB are available.", what,
                     bytes / 1e9, available / 1e9);
}

}  // namespace oubli
