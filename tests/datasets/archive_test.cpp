#include "datasets/archive.h"

#include <gmock/gmock.h>

#include "tests/support/files.h"

namespace oubli {
namespace {

using ::testing::HasSubstr;
using testing::tar_end;
using testing::tar_entry;

class Archive : public ::testing::Test {
 protected:
  void unpack(const std::string& tar) {
    unpack_archive(folder_.write("a.tar.gz", testing::gzip(tar)), folder_.path() / "out", 5000);
  }
  std::string error(const std::string& tar) {
    return testing::error_of(ErrorKind::kData, [&] { unpack(tar); });
  }
  testing::TemporaryFolder folder_;
};

TEST_F(Archive, UnpacksFilesAndFolders) {
  unpack(tar_entry("sub/", "", '5') + tar_entry("sub/a.bin", std::string(1000, 'a')) +
         tar_entry("b.bin", "") + tar_end());
  EXPECT_EQ(testing::read_text(folder_.path() / "out/sub/a.bin"), std::string(1000, 'a'));
  EXPECT_EQ(std::filesystem::file_size(folder_.path() / "out/b.bin"), 0u);
  EXPECT_FALSE(std::filesystem::exists(folder_.path() / "out/sub/a.bin.part"));
}

TEST_F(Archive, RefusesWhatWouldLeaveTheFolder) {
  EXPECT_THAT(error(tar_entry("../evil", "x") + tar_end()), HasSubstr("'../evil' is outside"));
  EXPECT_THAT(error(tar_entry("sub/../../evil", "x") + tar_end()), HasSubstr("outside"));
  EXPECT_THAT(error(tar_entry("/tmp/oubli_evil", "x") + tar_end()), HasSubstr("outside"));
  EXPECT_THAT(error(tar_entry("link", "", '2', "/etc") + tar_end()), HasSubstr("a link"));
  EXPECT_THAT(error(tar_entry("link", "", '1', "/etc/hostname") + tar_end()), HasSubstr("a link"));
  EXPECT_FALSE(std::filesystem::exists(folder_.path() / "evil"));
}

TEST_F(Archive, UnpacksNoMoreThanItMay) {
  EXPECT_THAT(error(tar_entry("a.bin", std::string(5001, 'a')) + tar_end()),
              HasSubstr("unpacks to more than the published files have"));
  EXPECT_FALSE(std::filesystem::exists(folder_.path() / "out/a.bin"));
  EXPECT_FALSE(std::filesystem::exists(folder_.path() / "out/a.bin.part"));
  std::string many;
  for (int i = 0; i < 1100; ++i) many += tar_entry("d" + std::to_string(i) + "/", "", '5');
  EXPECT_THAT(error(many + tar_end()), HasSubstr("more than 1000 entries"));
}

TEST_F(Archive, FollowsNoLinkThatLiesInTheFolder) {
  const testing::TemporaryFolder elsewhere;
  std::filesystem::create_directories(folder_.path() / "out");
  std::filesystem::create_symlink(elsewhere.path(), folder_.path() / "out/sub");
  EXPECT_THAT(error(tar_entry("sub/a.bin", "x") + tar_end()), HasSubstr("stands where"));
  EXPECT_THAT(error(tar_entry("sub/deeper/a.bin", "x") + tar_end()), HasSubstr("stands where"));
  EXPECT_TRUE(std::filesystem::is_empty(elsewhere.path()));
  folder_.write("out/file", "x");
  EXPECT_THAT(error(tar_entry("file/a.bin", "x") + tar_end()), HasSubstr("stands where"));
}

TEST_F(Archive, SaysThatItIsDamaged) {
  const std::string tar = tar_entry("a.bin", std::string(5000, 'a'));
  EXPECT_THAT(error(tar.substr(0, 2000)), HasSubstr("the archive is damaged"));
  EXPECT_FALSE(std::filesystem::exists(folder_.path() / "out/a.bin"));
}

}  // namespace
}  // namespace oubli
