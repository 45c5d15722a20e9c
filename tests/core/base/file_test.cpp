#include "core/base/file.h"

#include <fcntl.h>
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
namespace fs = std::filesystem;

class Files : public ::testing::Test {
 protected:
  const testing::TemporaryFolder folder_;
};

TEST_F(Files, WhatIsNoOrdinaryFileIsRefusedBeforeItIsRead) {
  const fs::path pipe = folder_ / "pipe", loop = folder_ / "loop";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  fs::create_symlink(loop, loop);
  const auto message = [](const fs::path& path) {
    return testing::error_message(ErrorKind::kData, [&] { InputFile file(path); });
  };
  EXPECT_THAT(message(pipe), HasSubstr("is a named pipe, an ordinary file was expected"));
  EXPECT_THAT(message("/dev/zero"), HasSubstr("is a device"));
  EXPECT_THAT(message(folder_.path()), HasSubstr("is a folder"));
  EXPECT_THAT(message(loop), HasSubstr("symbolic links"));
  EXPECT_THAT(message(folder_ / "none"), HasSubstr("No such file"));
  EXPECT_THAT(message(folder_ / std::string(300, 'x')), HasSubstr("name too long"));
  EXPECT_ERROR(ErrorKind::kData, file_hash_hex(pipe), HasSubstr("named pipe"));
}

TEST_F(Files, ASparseTerabyteIsNotRead) {
  const fs::path path = folder_ / "sparse";
  std::ofstream(path) << "x";
  fs::resize_file(path, std::uintmax_t{1} << 40);
  EXPECT_ERROR(ErrorKind::kData, read_text_file(path, ErrorKind::kData),
               HasSubstr("is larger than the"));
  EXPECT_ERROR(ErrorKind::kData, read_text_stream(path, ErrorKind::kData),
               HasSubstr("is larger than the"));
}

TEST_F(Files, AStreamMayBeAPipeThatSomethingWritesTo) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  std::thread writer([&] {
    const std::string text(200'000, 'x');  // more than a pipe holds
    ASSERT_EQ(::write(ends[1], text.data(), text.size()), static_cast<ssize_t>(text.size()));
    ::close(ends[1]);
  });
  EXPECT_EQ(read_text_stream("/dev/fd/" + std::to_string(ends[0]), ErrorKind::kData).size(),
            200'000u);
  writer.join();
  ::close(ends[0]);
  const fs::path pipe = folder_ / "pipe";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  EXPECT_ERROR(ErrorKind::kData, read_text_stream(pipe, ErrorKind::kData),
               HasSubstr("a pipe that nothing was written to"));
  EXPECT_ERROR(ErrorKind::kData, read_text_stream("/dev/zero", ErrorKind::kData),
               HasSubstr("is a device"));
}

TEST_F(Files, SaysWhatTheSystemSaid) {
  try {
    write_file("/dev/full/x", "text");
    FAIL();
  } catch (const FileError& error) {
    EXPECT_TRUE(error.is_missing());
    EXPECT_FALSE(error.is_full());
  }
  const FileError full(ErrorKind::kStore, "f", "cannot be written", ENOSPC);
  EXPECT_TRUE(full.is_full());
  EXPECT_STREQ(full.what(), "f: cannot be written: No space left on device.");
}

TEST_F(Files, IsWrittenWholeOrNotAtAll) {
  const fs::path path = folder_.write("f", "old");
  write_file(path, "new");
  EXPECT_EQ(testing::read_text(path), "new");
  EXPECT_THAT(names_in(folder_.path()), ElementsAre("f"));
  fs::create_directory(folder_ / "d");
  EXPECT_ERROR(ErrorKind::kStore, write_file(folder_ / "d", "x"), HasSubstr("cannot be written"));
  EXPECT_THAT(names_in(folder_.path()), ElementsAre("d", "f"));
}

TEST_F(Files, ALockIsHeldByOneAndLeavesNothing) {
  const fs::path path = folder_ / "lock";
  {
    const FileLock lock = FileLock::take(path);
    EXPECT_FALSE(FileLock::try_take(path).has_value());
    EXPECT_THAT(testing::read_text(path), HasSubstr("process " + std::to_string(::getpid())));
  }
  EXPECT_FALSE(fs::exists(path));
  EXPECT_TRUE(FileLock::try_take(path).has_value());
  FileLock::require_locks(folder_.path());
  EXPECT_TRUE(fs::is_empty(folder_.path()));
}

TEST_F(Files, ALockExcludesHoweverManyWant) {
  std::atomic<int> inside = 0, entered = 0, most = 0;
  std::vector<std::thread> threads;
  threads.reserve(8);
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] {
      for (int turn = 0; turn < 50; ++turn) {
        const FileLock lock = FileLock::take(folder_ / "lock");
        most = std::max<int>(most, ++inside);
        ++entered;
        --inside;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(most, 1);
  EXPECT_EQ(entered, 400);
}

}  // namespace
}  // namespace oubli
