#include "core/base/file_lock.h"

#include <gtest/gtest.h>

#include "tests/support/temporary_folder.h"

namespace oubli {
namespace {

TEST(FileLock, KeepsOthersOutAsLongAsItLives) {
  const testing::TemporaryFolder folder;
  const std::filesystem::path path = folder.path() / "lock";
  {
    const FileLock lock = FileLock::take(path);
    EXPECT_FALSE(FileLock::try_take(path));
  }
  EXPECT_FALSE(std::filesystem::exists(path)) << "it is removed when it is given up";
  EXPECT_TRUE(FileLock::try_take(path));
}

TEST(FileLock, SaysWhereLocksDoNotReachOtherHosts) {
  const testing::TemporaryFolder folder;
  const std::filesystem::path mounts = folder.write(
      "mountinfo",
      "21 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw\n"
      "30 21 0:40 / /nfs rw,relatime shared:2 master:3 - nfs server:/e rw,vers=3,local_lock=none\n"
      "31 21 0:41 / /nolock rw,relatime - nfs server:/e rw,vers=3,nolock,local_lock=all\n"
      "32 21 0:42 / /local rw - nfs4 server:/e rw,vers=4.2,local_lock=flock\n"
      "33 21 0:43 / /a\\040blank rw,nosuid - fuse.sshfs me@server:/ rw,user_id=0\n"
      "34 21 0:44 / /samba rw - cifs //server/e rw,nobrl\n"
      "35 31 8:2 / /nolock/disk rw - ext4 /dev/sdb1 rw\n"
      "36 21 0:45 / /lustre rw - lustre mds@tcp:/e rw,flock\n");
  const auto told = [&](const std::filesystem::path& path) {
    return FileLock::local_only(path, mounts);
  };
  EXPECT_EQ(told("/home/me/store"), "");
  EXPECT_EQ(told("/nfs/store"), "");
  EXPECT_EQ(told("/nolock/store"), "nfs mounted with nolock");
  EXPECT_EQ(told("/nolock"), "nfs mounted with nolock");
  EXPECT_EQ(told("/nolocks/store"), "") << "another folder, whose name begins alike";
  EXPECT_EQ(told("/nolock/disk/store"), "") << "the deepest mount counts";
  EXPECT_EQ(told("/local/store"), "nfs4 mounted with local_lock=flock");
  EXPECT_EQ(told("/a blank/store"), "fuse.sshfs");
  EXPECT_EQ(told("/samba/store"), "cifs mounted with nobrl");
  EXPECT_EQ(told("/lustre/store"), "");
  EXPECT_EQ(FileLock::local_only("/x", folder.path() / "none"), "");
}

}  // namespace
}  // namespace oubli
