#include "datasets/fetch.h"

#include <gmock/gmock.h>

#include <atomic>
#include <thread>

#include "datasets/source.h"
#include "tests/support/file_server.h"
#include "tests/support/files.h"

namespace oubli {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using testing::FileServer;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using testing::tar_end;
using testing::tar_entry;

namespace fs = std::filesystem;

// A data set `toy` of two files, one of them an archive, published in a folder of this test.
class Fetch : public ::testing::Test {
 protected:
  Fetch() {
    published_.write("data.bin", data_);
    published_.write("pack.tar.gz", archive_);
    table_ = {{"toy", {}, {file("data.bin", data_), file("pack.tar.gz", archive_)}}};
    table_[0].files[1].members = {{"pack/a.bin", 700}};
  }

  static FetchFile file(const std::string& name, const std::string& content) {
    return {name, static_cast<std::int64_t>(content.size()), HashAlgorithm::kSha256,
            sha256_hex(content)};
  }
  FetchReport fetch(const std::string& from) {
    FetchOptions options{from, home_.path(), {}};
    options.progress = [this](const FetchProgress& progress) { progress_.push_back(progress); };
    return fetch_dataset("toy", options, table_);
  }
  std::string error(const std::string& from) {
    return testing::error_of(ErrorKind::kData, [&] { fetch(from); });
  }
  fs::path at_home(const std::string& name) const { return home_.path() / "toy" / name; }
  std::string requests() const { return testing::read_text(published_.path() / "requests.log"); }
  void expect_complete() const {
    EXPECT_EQ(testing::read_text(at_home("data.bin")), data_);
    EXPECT_EQ(testing::read_text(at_home("pack/a.bin")), std::string(700, 'a'));
    for (const auto& entry : fs::recursive_directory_iterator(home_.path())) {
      EXPECT_NE(entry.path().extension(), ".part") << entry.path();
    }
  }

  const std::string data_ = std::string(300000, 'x') + "the end";
  const std::string archive_ =
      testing::gzip(tar_entry("pack/a.bin", std::string(700, 'a')) + tar_end());
  testing::TemporaryFolder published_;
  testing::TemporaryFolder home_;
  FetchTable table_;
  std::vector<FetchProgress> progress_;
};

TEST_F(Fetch, DownloadsOnceAndUnpacks) {
  const FileServer server(published_.path(), "ranges");
  table_[0].mirrors = {server.address()};
  const FetchReport first = fetch("");
  EXPECT_THAT(first.fetched, ElementsAre("data.bin", "pack.tar.gz"));
  EXPECT_EQ(first.folder, home_.path() / "toy");
  expect_complete();
  ASSERT_FALSE(progress_.empty());
  EXPECT_EQ(progress_.back().done, static_cast<std::int64_t>(archive_.size()));
  const std::string before = requests();
  const FetchReport second = fetch("");
  EXPECT_THAT(second.fetched, IsEmpty());
  EXPECT_THAT(second.already_there, ElementsAre("data.bin", "pack.tar.gz"));
  EXPECT_EQ(requests(), before);
}

TEST_F(Fetch, ContinuesWhatABrokenConnectionLeft) {
  const FileServer server(published_.path(), "cut");
  table_[0].mirrors = {server.address()};
  EXPECT_THAT(error(""), AllOf(HasSubstr("'data.bin' could not be fetched"),
                               HasSubstr("150003 bytes are kept")));
  EXPECT_FALSE(fs::exists(at_home("data.bin")));
  table_[0].files.pop_back();
  fetch("");
  EXPECT_EQ(testing::read_text(at_home("data.bin")), data_);
  EXPECT_EQ(requests(), "/data.bin -\n/data.bin bytes=150003-\n");
}

TEST_F(Fetch, TheNextMirrorContinuesTheFirstOnesPart) {
  const FileServer cut(published_.path(), "cut");
  const FileServer good(published_.path(), "ranges");
  table_[0].mirrors = {cut.address(), good.address()};
  fetch("");
  expect_complete();
  EXPECT_THAT(requests(), HasSubstr("/data.bin bytes=150003-\n"));
}

TEST_F(Fetch, StartsAfreshWhereTheServerHasNoRanges) {
  const FileServer server(published_.path(), "whole");
  home_.write("toy/data.bin.part", data_.substr(0, 1000));
  fetch(server.address());
  expect_complete();
  EXPECT_THAT(requests(), HasSubstr("/data.bin bytes=1000-\n/data.bin -\n"));
}

TEST_F(Fetch, APartOfSomethingElseIsReplaced) {
  const FileServer server(published_.path(), "ranges");
  home_.write("toy/data.bin.part", "something else");
  home_.write("toy/pack.tar.gz.part", std::string(100000, 'y'));
  fetch(server.address());
  expect_complete();
}

TEST_F(Fetch, ACompletePartIsJustRenamed) {
  home_.write("toy/data.bin.part", data_);
  home_.write("toy/pack.tar.gz.part", archive_);
  fetch("http://127.0.0.1:1/");  // nobody answers there
  expect_complete();
}

TEST_F(Fetch, AWrongChecksumKeepsEverythingButTheDownload) {
  const FileServer server(published_.path(), "ranges");
  std::string changed = data_;
  changed[7] = 'z';
  published_.write("data.bin", changed);
  home_.write("toy/data.bin", "an older file");
  EXPECT_THAT(error(server.address()),
              AllOf(HasSubstr("data.bin is not the published file: its checksum is"),
                    HasSubstr(sha256_hex(data_)), HasSubstr("--from")));
  EXPECT_EQ(testing::read_text(at_home("data.bin")), "an older file");
  EXPECT_FALSE(fs::exists(at_home("data.bin.part")));
  published_.write("data.bin", "short");
  EXPECT_THAT(error(server.address()), HasSubstr("it has 5 bytes, expected 300007"));
}

TEST_F(Fetch, AMissingFileNamesEveryMirror) {
  const FileServer server(published_.path(), "ranges");
  fs::remove(published_.path() / "data.bin");
  table_[0].mirrors = {"http://127.0.0.1:1/", server.address()};
  EXPECT_THAT(error(""), AllOf(HasSubstr("http://127.0.0.1:1/data.bin: "),
                               HasSubstr(server.address() + "data.bin: "), HasSubstr("404")));
  EXPECT_FALSE(fs::exists(at_home("data.bin.part")));
}

TEST_F(Fetch, TakesAFolderOrAFileAddressAsMirror) {
  fetch(published_.path().string());
  expect_complete();
  fs::remove_all(home_.path() / "toy");
  fetch("file://" + published_.path().string());
  expect_complete();
  fs::remove_all(home_.path() / "toy");
  published_.write("named/toy/data.bin", data_);
  published_.write("named/toy/pack.tar.gz", archive_);
  fetch((published_.path() / "named").string());
  expect_complete();
  fs::remove_all(home_.path() / "toy");
  EXPECT_THAT(error("/nowhere"), HasSubstr("/nowhere/data.bin: cannot be read: No such file"));
}

TEST_F(Fetch, ContentThatWasPackedAnewIsAsGood) {
  Hasher content(HashAlgorithm::kMd5);
  content.add(data_);
  published_.write("data.gz", testing::gzip(data_));
  table_ = {{"toy",
             {},
             {{"data.gz",
               12345,
               HashAlgorithm::kSha256,
               "?",
               content.hex(),
               {},
               static_cast<std::int64_t>(data_.size())}}}};
  fetch(published_.path().string());
  EXPECT_THAT(fetch("/nowhere").already_there, ElementsAre("data.gz"));
}

TEST_F(Fetch, ThrowingFromTheProgressCallbackEndsTheDownload) {
  const FileServer server(published_.path(), "ranges");
  FetchOptions options{server.address(), home_.path(), {}};
  options.progress = [](const FetchProgress&) { throw std::logic_error("enough"); };
  EXPECT_THROW(fetch_dataset("toy", options, table_), std::logic_error);
  fetch(server.address());
  expect_complete();
}

TEST_F(Fetch, TakesNoMoreThanIsPublished) {
  const FileServer server(published_.path(), "endless");
  EXPECT_THAT(error(server.address()),
              HasSubstr("sends more than the 300007 bytes that the file can have"));
  EXPECT_FALSE(fs::exists(at_home("data.bin.part")));
  published_.write("data.bin", data_ + "more");
  EXPECT_THAT(error(published_.path().string()), HasSubstr("is not the published file"));
  fs::remove(published_.path() / "data.bin");
  fs::create_symlink("/dev/zero", published_.path() / "data.bin");
  EXPECT_THAT(error(published_.path().string()), HasSubstr("is a device"));
}

// What packs itself small can unpack to anything; its published content cannot.
TEST_F(Fetch, ContentIsUnpackedAsFarAsItCanBeRight) {
  published_.write("data.gz", testing::gzip(std::string(8'000'000, '\0')));
  table_ = {{"toy", {}, {{"data.gz", 200'000, HashAlgorithm::kSha256, "?", "?", {}, 1000}}}};
  EXPECT_THAT(error(published_.path().string()), HasSubstr("is not the published file"));
}

TEST_F(Fetch, FollowsNoLinkThatLiesInTheFolder) {
  const testing::TemporaryFolder elsewhere;
  const fs::path victim = elsewhere.write("victim", "precious");
  fs::create_directories(home_.path() / "toy");
  fs::create_symlink(victim, at_home("data.bin.part"));
  EXPECT_THAT(error(published_.path().string()),
              HasSubstr("data.bin.part: is a symbolic link, which is not followed: remove it"));
  fs::remove(at_home("data.bin.part"));
  fs::create_symlink(elsewhere.path(), at_home("pack"));
  EXPECT_THAT(error(published_.path().string()), HasSubstr("stands where"));
  EXPECT_EQ(testing::read_text(victim), "precious");
  EXPECT_FALSE(fs::exists(elsewhere / "a.bin"));
}

TEST_F(Fetch, OfSeveralAtOnceAllSucceed) {
  const FileServer server(published_.path(), "ranges");
  table_[0].mirrors = {server.address()};
  std::atomic<int> done = 0, waited = 0;
  std::vector<std::thread> threads;
  threads.reserve(4);
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      FetchOptions options{"", home_.path(), {}};
      options.on_wait = [&](const std::string&) { ++waited; };
      fetch_dataset("toy", options, table_);
      ++done;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(done, 4);
  expect_complete();
  EXPECT_EQ(requests(), "/data.bin -\n/pack.tar.gz -\n") << "one of them worked";
}

TEST_F(Fetch, ShowsNoPasswordAndNamesOtherSchemes) {
  EXPECT_THAT(error("http://me:secret@127.0.0.1:1/"),
              AllOf(HasSubstr("http://me:***@127.0.0.1:1/data.bin"), Not(HasSubstr("secret"))));
  for (const char* address : {"ftp://host/data", "FTP://host/data", "s3://bucket"}) {
    EXPECT_THAT(testing::error_of(ErrorKind::kSettings, [&] { fetch(address); }),
                HasSubstr("addresses start with http://, https:// or file://"));
  }
  const FileServer server(published_.path(), "ranges");
  std::string shouted = server.address();
  shouted.replace(0, 4, "HTTP");
  fetch(shouted);
  expect_complete();
}

TEST_F(Fetch, UnpacksAgainWhatWasRemoved) {
  fetch(published_.path().string());
  fs::remove(at_home("pack/a.bin"));
  EXPECT_THAT(fetch("/nowhere").fetched, IsEmpty());
  expect_complete();
  table_[0].files[1].members.push_back({"pack/b.bin", 1});
  EXPECT_THAT(error("/nowhere"), HasSubstr("'pack/b.bin' is not in it"));
}

TEST_F(Fetch, UnknownNamesAreErrors) {
  EXPECT_THAT(testing::error_of(ErrorKind::kSettings,
                                [&] {
                                  fetch_dataset("mnis", {"", home_.path(), {}});
                                }),
              HasSubstr("did you mean 'mnist'?"));
}

TEST(PublishedFiles, AreComplete) {
  const Registry<DataSource> sources = builtin_datasets();
  for (const FetchEntry& entry : published_files()) {
    EXPECT_TRUE(sources.contains(entry.name));
    EXPECT_THAT(entry.mirrors, Not(IsEmpty()));
    for (const FetchFile& file : entry.files) {
      EXPECT_GT(file.bytes, 0);
      EXPECT_EQ(file.checksum.size(), file.algorithm == HashAlgorithm::kSha256 ? 64u : 32u);
      EXPECT_EQ(file.members.empty(), !file.name.ends_with(".tar.gz"));
    }
  }
}

}  // namespace
}  // namespace oubli
