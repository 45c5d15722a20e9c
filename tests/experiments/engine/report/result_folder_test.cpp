#include "experiments/engine/report/result_folder.h"

#include <gmock/gmock.h>

#include "core/base/file.h"
#include "tests/support/expect_error.h"
#include "tests/support/temporary_folder.h"

namespace oubli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
namespace fs = std::filesystem;

class ResultFolderTest : public ::testing::Test {
 protected:
  static void replace(const ResultFolder& folder, const std::vector<std::string>& names) {
    folder.replace([](const std::string& name) { return name.starts_with("own"); },
                   [&](const fs::path& fresh) {
                     write_file(fresh / "results.json", "{}");
                     for (const std::string& name : names) write_file(fresh / name, name);
                   });
  }
  const testing::TemporaryFolder scratch_;
  const fs::path place_ = scratch_ / "results/name";
};

TEST_F(ResultFolderTest, KeepsWhatItDoesNotReplace) {
  replace(ResultFolder(place_), {"own-old"});
  write_file(place_ / "notes.txt", "mine");
  fs::create_directory(place_ / "plots");
  write_file(place_ / "plots/a.svg", "plot");
  replace(ResultFolder(place_), {"own-new"});
  EXPECT_THAT(names_in(place_), ElementsAre("notes.txt", "own-new", "plots", "results.json"));
  EXPECT_EQ(testing::read_text(place_ / "plots/a.svg"), "plot");
  EXPECT_THAT(names_in(scratch_ / "results"), ElementsAre("name"));
}

TEST_F(ResultFolderTest, AFailureLeavesTheOldOne) {
  const ResultFolder folder(place_);
  replace(folder, {"own-old"});
  EXPECT_THROW(folder.replace([](const std::string&) { return true; },
                              [](const fs::path& fresh) {
                                write_file(fresh / "half", "");
                                throw Error(ErrorKind::kStore, "no space");
                              }),
               Error);
  EXPECT_THAT(names_in(place_), ElementsAre("own-old", "results.json"));
  EXPECT_THAT(names_in(scratch_ / "results"), ElementsAre("name"));
}

TEST_F(ResultFolderTest, SweepsWhatKilledProcessesLeft) {
  const std::string random(16, '0');
  fs::create_directories(scratch_ / ("results/.name." + random + ".new"));
  const std::vector<std::string> others = {".name.2." + random + ".new", ".name.old.new",
                                           ".other." + random + ".new"};
  for (const std::string& other : others) fs::create_directories(scratch_ / "results" / other);
  const ResultFolder folder(place_);
  EXPECT_EQ(names_in(scratch_ / "results"), others);
}

TEST_F(ResultFolderTest, PutsBackWhatAKillBetweenTwoNamesLeft) {
  scratch_.write("results/.name." + std::string(16, '0') + ".new.old/results.json", "{}");
  const ResultFolder folder(place_);
  EXPECT_THAT(names_in(place_), ElementsAre("results.json"));
}

TEST_F(ResultFolderTest, ALinkToNothingAndAnUnreadableNameAreKept) {
  replace(ResultFolder(place_), {"own"});
  fs::create_symlink("nowhere", place_ / "dangling");
  replace(ResultFolder(place_), {"own"});
  EXPECT_TRUE(fs::is_symlink(place_ / "dangling"));
}

TEST_F(ResultFolderTest, RefusesWhatItMustNotReplace) {
  const auto message = [](const fs::path& path) {
    return testing::error_message(ErrorKind::kUsage, [&] { ResultFolder folder(path); });
  };
  EXPECT_THAT(message("."), HasSubstr("is the present folder, or holds it"));
  EXPECT_THAT(message("/"), HasSubstr("is the present folder, or holds it"));
  EXPECT_THAT(message("/proc"), HasSubstr("file system is mounted"));
  scratch_.write("home/thesis.tex", "");
  EXPECT_THAT(message(scratch_ / "home"), HasSubstr("holds 'thesis.tex' and no results of oubli"));
  EXPECT_THAT(message(scratch_ / "home/thesis.tex"), HasSubstr("is no folder"));
  EXPECT_ERROR(ErrorKind::kUsage, ResultFolder(scratch_ / "out", scratch_ / "out/store"),
               HasSubstr("holds the store"));
}

TEST_F(ResultFolderTest, FollowsALinkToTheFolder) {
  fs::create_directories(scratch_ / "elsewhere");
  fs::create_directories(scratch_ / "results");
  fs::create_symlink(scratch_ / "elsewhere", place_);
  replace(ResultFolder(place_), {"own"});
  EXPECT_TRUE(fs::is_symlink(place_));
  EXPECT_THAT(names_in(scratch_ / "elsewhere"), ElementsAre("own", "results.json"));
}

}  // namespace
}  // namespace oubli
