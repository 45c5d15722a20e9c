// What of the machine this process may use. Control groups, as containers and batch systems set
// them, count as much as the hardware: a quarter of a machine's memory in a container that may have
// a tenth of it would be killed.
//
// Read from /proc and /sys/fs/cgroup, versions 1 and 2, at every level up from the process's own
// group; what cannot be read limits nothing. `root` stands in front of these paths, for tests.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

namespace oubli {

// Bytes that can still be taken: what the system calls available, or a group's limit less its use
// (page cache that can be dropped does not count as use), whichever is less. 1 GiB where nothing
// can be read.
std::int64_t available_memory(const std::filesystem::path& root = "/");

// "WHAT needs about 3.2 GB of memory; 1.1 GB are available." where less than `bytes` can still be
// taken; "" otherwise.
std::string memory_shortage(double bytes, const std::string& what);

// Cores that the process may run on, and no more than a group's share of processor time, to the
// nearest whole; 1 at least.
std::int64_t available_cores(const std::filesystem::path& root = "/");

}  // namespace oubli
