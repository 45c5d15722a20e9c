#include "datasets/source.h"

#include <gmock/gmock.h>

#include <cstdlib>

namespace oubli {
namespace {

using ::testing::ElementsAre;

// Sets variables for one test and puts them back.
class DataFoldersTest : public ::testing::Test {
 protected:
  DataFoldersTest() {
    for (const char* name : {"OUBLI_DATA", "XDG_CACHE_HOME", "HOME"}) {
      const char* value = std::getenv(name);
      before_.emplace_back(name, value == nullptr ? std::nullopt : std::optional(value));
      unsetenv(name);
    }
  }
  ~DataFoldersTest() override {
    for (const auto& [name, value] : before_) {
      value ? setenv(name.c_str(), value->c_str(), 1) : unsetenv(name.c_str());
    }
  }
  std::vector<std::pair<std::string, std::optional<std::string>>> before_;
};

TEST_F(DataFoldersTest, CommandLineThenVariableThenCache) {
  setenv("OUBLI_DATA", "/data", 1);
  setenv("HOME", "/home/me", 1);
  EXPECT_THAT(default_data_folders("/given"),
              ElementsAre("/given", "/data", "/home/me/.cache/oubli/data"));
  setenv("XDG_CACHE_HOME", "/cache", 1);
  EXPECT_THAT(default_data_folders(""), ElementsAre("/data", "/cache/oubli/data"));
  EXPECT_THAT(default_data_folders("/data"), ElementsAre("/data", "/cache/oubli/data"));
}

TEST_F(DataFoldersTest, MayBeNone) { EXPECT_TRUE(default_data_folders("").empty()); }

}  // namespace
}  // namespace oubli
