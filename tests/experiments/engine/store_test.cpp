#include "experiments/engine/store.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>

namespace oubli {
namespace {

namespace fs = std::filesystem;
const std::string kKey(64, 'a');

struct StoreTest : ::testing::Test {
  StoreTest() : folder(fs::temp_directory_path() / ("oubli-store-" + std::to_string(::getpid()))) {
    fs::remove_all(folder);
  }
  ~StoreTest() override { fs::remove_all(folder); }
  void fill(const Store& store, const std::string& text) {
    store.produce(kKey, {{"label", "test"}},
                  [&](const fs::path& entry) { write_file(entry / "value.txt", text); });
  }
  fs::path folder;
};

TEST_F(StoreTest, ProducesOnce) {
  const Store store(folder);
  EXPECT_EQ(store.check(kKey, true).state, Store::State::kAbsent);
  fill(store, "one");
  fill(store, "two");
  EXPECT_EQ(read_text_file(store.entry(kKey) / "value.txt"), "one");
  EXPECT_EQ(store.check(kKey, true).state, Store::State::kSound);
  EXPECT_EQ(store.keys(), std::vector<std::string>{kKey});
}

TEST_F(StoreTest, FindsAFlippedByteAndAShortFileAndDoesThemAgain) {
  const Store store(folder);
  fill(store, "value");
  std::ofstream(store.entry(kKey) / "value.txt") << "valuf";
  EXPECT_EQ(store.check(kKey, false).state, Store::State::kSound) << "same size";
  EXPECT_EQ(store.check(kKey, true).state, Store::State::kDamaged);
  std::ofstream(store.entry(kKey) / "value.txt") << "val";
  EXPECT_EQ(store.check(kKey, false).state, Store::State::kDamaged);
  EXPECT_NE(store.check(kKey, false).problem.find("value.txt"), std::string::npos);
  std::ofstream(store.entry(kKey) / "entry.json") << "{";
  EXPECT_EQ(store.check(kKey, false).state, Store::State::kDamaged);
  fill(store, "again");
  EXPECT_EQ(store.check(kKey, true).state, Store::State::kSound);
  EXPECT_EQ(read_text_file(store.entry(kKey) / "value.txt"), "again");
}

TEST_F(StoreTest, WorkThatThrowsLeavesNothing) {
  const Store store(folder);
  EXPECT_THROW(store.produce(kKey, Json::object(),
                             [](const fs::path& entry) {
                               write_file(entry / "half", "x");
                               throw Error(ErrorKind::kNumerics, "no");
                             }),
               Error);
  EXPECT_EQ(store.check(kKey, true).state, Store::State::kAbsent);
  EXPECT_TRUE(fs::is_empty(folder / "partial"));
}

TEST_F(StoreTest, SweepsWhatADeadProcessLeft) {
  const Store store(folder);
  fs::create_directories(folder / "partial" / (kKey + ".999999999"));
  fs::create_directories(folder / "partial" / (kKey + "." + std::to_string(::getpid())));
  EXPECT_EQ(store.sweep(), 1u);
}

TEST_F(StoreTest, AFolderThatCannotBeMadeIsAClearError) {
  std::ofstream(folder.string() + "-file") << "x";
  try {
    const Store store(folder.string() + "-file/inside");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kStore);
  }
  fs::remove(folder.string() + "-file");
}

}  // namespace
}  // namespace oubli
