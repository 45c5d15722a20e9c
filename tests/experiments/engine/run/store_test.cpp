#include "experiments/engine/run/store.h"

#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <thread>

#include "core/base/file_lock.h"
#include "core/base/hash.h"
#include "tests/support/expect_error.h"
#include "tests/support/temporary_folder.h"

namespace oubli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
namespace fs = std::filesystem;

Json determined_by(const std::string& name) { return {{"name", name}}; }
std::string key_of(const std::string& name) { return sha256_hex(determined_by(name).dump()); }

class StoreTest : public ::testing::Test {
 protected:
  static bool fill(const Store& store, const std::string& name, const std::string& text,
                   const Store::Contents& inputs = {}) {
    return store.produce(
        {.key = key_of(name),
         .description = {{"label", name}, {"determined_by", determined_by(name)}},
         .work = [&](const fs::path& entry) { write_file(entry / "value.txt", text); },
         .inputs = [&] { return inputs; }});
  }
  fs::path file(const Store& store, const std::string& name, const std::string& of) const {
    return store.entry(key_of(of)) / name;
  }
  static void flip(const fs::path& path, std::size_t byte, unsigned bit = 0) {
    std::string text = testing::read_text(path);
    text.at(byte) = static_cast<char>(static_cast<unsigned char>(text.at(byte)) ^ (1U << bit));
    std::ofstream(path, std::ios::binary) << text;
  }

  const testing::TemporaryFolder scratch_;
  const Store store_{scratch_ / "store"};
  const std::string key_ = key_of("a");
};

TEST_F(StoreTest, ProducesOnce) {
  EXPECT_EQ(store_.check(key_, true).state, Store::State::kAbsent);
  EXPECT_TRUE(fill(store_, "a", "one"));
  EXPECT_FALSE(fill(store_, "a", "two"));
  EXPECT_EQ(store_.read(key_, "value.txt"), "one");
  EXPECT_EQ(store_.check(key_, true).state, Store::State::kSound);
  EXPECT_THAT(store_.keys(), ElementsAre(key_));
  EXPECT_TRUE(fs::is_empty(store_.folder() / "locks"));
  EXPECT_TRUE(fs::is_empty(store_.folder() / "partial"));
}

TEST_F(StoreTest, FindsAShortAndAChangedFileAndDoesThemAgain) {
  fill(store_, "a", "value");
  std::ofstream(file(store_, "value.txt", "a")) << "valuf";
  EXPECT_EQ(store_.check(key_, false).state, Store::State::kSound) << "same size";
  EXPECT_EQ(store_.check(key_, true).state, Store::State::kDamaged);
  EXPECT_ERROR(ErrorKind::kStore, store_.read(key_, "value.txt"), HasSubstr("its checksum"));
  std::ofstream(file(store_, "value.txt", "a")) << "val";
  EXPECT_THAT(store_.check(key_, false).problem, HasSubstr("value.txt has 3 bytes"));
  fs::remove(file(store_, "value.txt", "a"));
  EXPECT_THAT(store_.check(key_, false).problem, HasSubstr("value.txt is missing"));
  EXPECT_TRUE(fill(store_, "a", "again"));
  EXPECT_EQ(store_.check(key_, true).state, Store::State::kSound);
  EXPECT_EQ(store_.read(key_, "value.txt"), "again");
}

TEST_F(StoreTest, WhatIsNoFileAnyMoreIsDamage) {
  for (const char* name : {"value.txt", "entry.json"}) {
    fill(store_, "a", "value");
    const fs::path path = file(store_, name, "a");
    fs::remove(path);
    ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
    EXPECT_THAT(store_.check(key_, true).problem, HasSubstr("is a named pipe")) << name;
    store_.look_again();
    EXPECT_THROW(store_.read(key_, "value.txt"), DamagedEntry) << name;
    EXPECT_TRUE(fill(store_, "a", "value"));
  }
}

TEST_F(StoreTest, EveryBitOfAnEntryCounts) {
  fill(store_, "a", "value");
  for (const char* name : {"entry.json", "value.txt"}) {
    const fs::path path = file(store_, name, "a");
    const std::string good = testing::read_text(path);
    for (std::size_t bit = 0; bit < 8 * good.size(); ++bit) {
      flip(path, bit / 8, static_cast<unsigned>(bit % 8));
      EXPECT_EQ(store_.check(key_, true).state, Store::State::kDamaged) << name << " " << bit;
      flip(path, bit / 8, static_cast<unsigned>(bit % 8));
    }
    for (const std::string& text :
         {std::string(), good + " ", good.substr(1), std::string("{}"), std::string("[]")}) {
      std::ofstream(path, std::ios::binary) << text;
      EXPECT_EQ(store_.check(key_, true).state, Store::State::kDamaged) << name << ": " << text;
    }
    std::ofstream(path, std::ios::binary) << good;
  }
  EXPECT_EQ(store_.check(key_, true).state, Store::State::kSound);
}

TEST_F(StoreTest, AnEntryBelongsToItsKey) {
  fill(store_, "a", "one");
  fill(store_, "b", "two");
  const fs::path aside = scratch_ / "aside";
  fs::rename(store_.entry(key_of("a")), aside);
  fs::rename(store_.entry(key_of("b")), store_.entry(key_of("a")));
  fs::rename(aside, store_.entry(key_of("b")));
  for (const char* name : {"a", "b"}) {
    EXPECT_THAT(store_.check(key_of(name), true).problem, HasSubstr("another key"));
  }
}

TEST_F(StoreTest, AnEntryWithoutFilesIsNone) {
  EXPECT_ERROR(ErrorKind::kStore,
               store_.produce({.key = key_,
                               .description = {{"determined_by", determined_by("a")}},
                               .work = [](const fs::path&) {}}),
               HasSubstr("files are gone"));
  EXPECT_EQ(store_.check(key_, true).state, Store::State::kAbsent);
}

TEST_F(StoreTest, WhatWasMadeFromOtherContentIsDoneAgain) {
  fill(store_, "a", "one");
  const std::string first = store_.content(key_);
  fill(store_, "b", "from one", {{key_, first}});
  EXPECT_EQ(store_.check(key_of("b"), true, {{key_, first}}).state, Store::State::kSound);
  EXPECT_EQ(store_.check(key_of("b"), true, {{key_, ""}}).state, Store::State::kSound)
      << "an input that is not there says nothing";
  fs::remove_all(store_.entry(key_));
  fill(store_, "a", "two");
  const std::string second = store_.content(key_);
  EXPECT_NE(second, first);
  EXPECT_THAT(store_.check(key_of("b"), true, {{key_, second}}).problem,
              HasSubstr("another version"));
  EXPECT_FALSE(store_.is_made_from(key_of("b"), {{key_, second}}));
  EXPECT_TRUE(fill(store_, "b", "from two", {{key_, second}}));
  EXPECT_EQ(store_.read(key_of("b"), "value.txt"), "from two");
}

TEST_F(StoreTest, TheTimeThatWorkTookIsNoContent) {
  const auto content = [&](const std::string& json) {
    store_.produce({.key = key_,
                    .description = {{"determined_by", determined_by("a")}},
                    .work = [&](const fs::path& entry) { write_file(entry / "r.json", json); }});
    const std::string found = store_.content(key_);
    fs::remove_all(store_.entry(key_));
    store_.look_again();
    return found;
  };
  const std::string one = content(R"({"seconds": 1, "loss": 2, "inner": [{"seconds": 3}]})");
  EXPECT_EQ(one, content(R"({"seconds": 9, "loss": 2, "inner": [{"seconds": 8}]})"));
  EXPECT_NE(one, content(R"({"seconds": 1, "loss": 3, "inner": [{"seconds": 3}]})"));
}

TEST_F(StoreTest, WhatCannotBeReadIsNotDamaged) {
  if (::geteuid() == 0) GTEST_SKIP() << "root may read everything";
  fill(store_, "a", "value");
  fs::permissions(file(store_, "value.txt", "a"), fs::perms::none);
  EXPECT_ERROR(ErrorKind::kStore, store_.check(key_, true), HasSubstr("Permission denied"));
  fs::permissions(store_.entry(key_), fs::perms::none);
  EXPECT_ERROR(ErrorKind::kStore, store_.check(key_, true), HasSubstr("Permission denied"));
  fs::permissions(store_.entry(key_), fs::perms::owner_all);
}

TEST_F(StoreTest, WorkThatThrowsLeavesNothing) {
  EXPECT_THROW(store_.produce({.key = key_,
                               .description = Json::object(),
                               .work =
                                   [](const fs::path& entry) {
                                     write_file(entry / "half", "x");
                                     throw Error(ErrorKind::kNumerics, "no");
                                   }}),
               Error);
  EXPECT_EQ(store_.check(key_, true).state, Store::State::kAbsent);
  EXPECT_TRUE(fs::is_empty(store_.folder() / "partial"));
  EXPECT_TRUE(fs::is_empty(store_.folder() / "locks"));
}

// Whoever holds the lock is at work, in whatever process, container or host; nobody else is.
TEST_F(StoreTest, SweepsWhatNobodyHoldsTheLockOf) {
  const fs::path partial = store_.folder() / "partial";
  fs::create_directories(partial / (key_of("a") + ".x"));
  fs::create_directories(partial / (key_of("b") + ".y"));
  std::ofstream(store_.folder() / "locks" / key_of("c")) << "process 1 on elsewhere";
  const FileLock held = FileLock::take(store_.folder() / "locks" / key_of("a"));
  EXPECT_EQ(store_.sweep(), 1u);
  EXPECT_TRUE(fs::exists(partial / (key_of("a") + ".x")));
  EXPECT_FALSE(fs::exists(partial / (key_of("b") + ".y")));
  EXPECT_FALSE(fs::exists(store_.folder() / "locks" / key_of("c")));
}

TEST_F(StoreTest, OfTwoThatWantAStageOneDoesItAndTheOtherIsTold) {
  std::vector<std::string> holders;
  int done = 0;
  std::thread second;
  store_.produce({.key = key_,
                  .description = {{"determined_by", determined_by("a")}},
                  .work = [&](const fs::path& entry) {
                    std::atomic<bool> waits = false;
                    second = std::thread([&] {
                      const Store other(store_.folder());
                      done += other.produce({.key = key_,
                                             .description = {{"determined_by", determined_by("a")}},
                                             .work = [](const fs::path&) {},
                                             .on_wait =
                                                 [&](const std::string& holder) {
                                                   holders.push_back(holder);
                                                   waits = true;
                                                 }})
                                  ? 1
                                  : 0;
                    });
                    for (int i = 0; i < 1000 && !waits; ++i) {
                      std::this_thread::sleep_for(std::chrono::milliseconds(10));
                    }
                    write_file(entry / "value.txt", "one");
                  }});
  second.join();
  EXPECT_EQ(done, 0);
  EXPECT_THAT(holders, ElementsAre(HasSubstr("process " + std::to_string(::getpid()) + " on ")));
}

TEST_F(StoreTest, AnEntryOfAnOlderOubliIsKnown) {
  fill(store_, "a", "one");
  EXPECT_FALSE(store_.is_of_another_version(key_));
  std::ofstream(file(store_, "entry.json", "a"))
      << Json({{"determined_by", determined_by("a")}, {"files", {{"value.txt", {{"bytes", 3}}}}}});
  EXPECT_TRUE(store_.is_of_another_version(key_));
  fs::remove(file(store_, "entry.json", "a"));
  EXPECT_FALSE(store_.is_of_another_version(key_)) << "what is missing is of no version";
  fs::create_directory(file(store_, "entry.json", "a"));
  EXPECT_FALSE(store_.is_of_another_version(key_));
}

TEST_F(StoreTest, OtherNamesInTheFolderAreNoEntries) {
  fill(store_, "a", "one");
  std::ofstream(store_.folder() / "entries" / "afile") << "x";
  fs::create_directories(store_.folder() / "entries" / key_.substr(0, 2) / "notakey");
  EXPECT_THAT(store_.keys(), ElementsAre(key_));
}

TEST_F(StoreTest, RemovesOnlyWhatIsDamagedAndNotAtWork) {
  fill(store_, "a", "one");
  EXPECT_FALSE(store_.remove_damaged(key_));
  std::ofstream(file(store_, "value.txt", "a")) << "two";
  {
    const FileLock held = FileLock::take(store_.folder() / "locks" / key_);
    EXPECT_FALSE(store_.remove_damaged(key_));
  }
  EXPECT_TRUE(store_.remove_damaged(key_));
  EXPECT_THAT(store_.keys(), IsEmpty());
}

TEST_F(StoreTest, AGroupThatMayWriteToTheFolderMayWriteToAllOfIt) {
  const fs::path shared = scratch_ / "shared";
  fs::create_directory(shared);
  fs::permissions(shared, fs::perms::owner_all | fs::perms::group_all | fs::perms::set_gid);
  const mode_t old = ::umask(0077);
  const Store store(shared);
  fill(store, "a", "one");
  ::umask(old);
  for (const auto& item : fs::recursive_directory_iterator(shared)) {
    EXPECT_NE(item.status().permissions() & fs::perms::group_write, fs::perms::none) << item.path();
    EXPECT_EQ(item.status().permissions() & fs::perms::others_read, fs::perms::none) << item.path();
  }
}

TEST_F(StoreTest, AFolderThatCannotBeMadeIsAClearError) {
  std::ofstream(scratch_ / "file") << "x";
  EXPECT_ERROR(ErrorKind::kStore, Store(scratch_ / "file/inside"),
               HasSubstr("the folder cannot be made"));
  EXPECT_ERROR(ErrorKind::kUsage, Store(scratch_ / "typo", Store::Access::kToRead),
               HasSubstr("there is no store here"));
  EXPECT_FALSE(fs::exists(scratch_ / "typo"));
}

}  // namespace
}  // namespace oubli
