#include "core/base/machine_limits.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "tests/support/temporary_folder.h"

namespace oubli {
namespace {

class MachineLimits : public ::testing::Test {
 protected:
  void write(const std::string& path, const std::string& text) {
    std::filesystem::create_directories((folder_.path() / path).parent_path());
    folder_.write(path, text);
  }
  std::int64_t memory() const { return available_memory(folder_.path()); }
  std::int64_t cores() const { return available_cores(folder_.path()); }

  testing::TemporaryFolder folder_;
};

TEST_F(MachineLimits, AreTheSystemsWithoutGroups) {
  EXPECT_EQ(memory(), std::int64_t{1} << 30);
  write("proc/meminfo", "MemTotal: 4000 kB\nMemAvailable:    3000 kB\n");
  EXPECT_EQ(memory(), 3000 * 1024);
  EXPECT_GE(cores(), 1);
}

TEST_F(MachineLimits, AreThoseOfTheTightestGroup) {
  write("proc/meminfo", "MemAvailable: 3000000 kB\n");
  write("proc/self/cgroup", "0::/jobs/job\n");
  write("sys/fs/cgroup/jobs/job/memory.max", "max\n");
  write("sys/fs/cgroup/jobs/job/memory.current", "500000\n");
  write("sys/fs/cgroup/jobs/memory.max", "2000000\n");
  write("sys/fs/cgroup/jobs/memory.current", "900000\n");
  write("sys/fs/cgroup/jobs/memory.stat", "anon 1\nactive_file 20000\ninactive_file 300000\n");
  EXPECT_EQ(memory(), 2000000 - (900000 - 320000)) << "cached files make room";
  write("sys/fs/cgroup/jobs/cpu.max", "100000 100000\n");
  write("sys/fs/cgroup/jobs/job/cpu.max", "max 100000\n");
  EXPECT_EQ(cores(), 1);
  write("sys/fs/cgroup/jobs/memory.current", "9000000\n");
  EXPECT_EQ(memory(), 0) << "nothing is left, and not less than nothing";
}

TEST_F(MachineLimits, KnowTheFirstVersionOfGroups) {
  write("proc/meminfo", "MemAvailable: 3000000 kB\n");
  write("proc/self/cgroup", "7:cpu,cpuacct:/job\n4:memory:/job\n");
  write("sys/fs/cgroup/memory/job/memory.limit_in_bytes", "1000000\n");
  write("sys/fs/cgroup/memory/job/memory.usage_in_bytes", "400000\n");
  EXPECT_EQ(memory(), 600000);
  write("sys/fs/cgroup/cpu/job/cpu.cfs_quota_us", "-1\n");
  write("sys/fs/cgroup/cpu/job/cpu.cfs_period_us", "100000\n");
  const std::int64_t all = cores();
  write("sys/fs/cgroup/cpu/job/cpu.cfs_quota_us", "120000\n");
  EXPECT_EQ(cores(), 1);
  EXPECT_GE(all, 1);
}

}  // namespace
}  // namespace oubli
