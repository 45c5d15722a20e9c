// Downloads the data sets that are published as files: what `oubli data fetch NAME` does.
//
// A file arrives under NAME.part, continuing an earlier attempt; its size and checksum are compared
// with the published ones, and only then does it get its name. Files that are there and right are
// not downloaded again, so fetching twice is safe and cheap. Archives are unpacked beside
// themselves. Mirrors are tried in order. Nothing is taken from a mirror or an archive beyond the
// published sizes, and no symbolic link is followed to write through it. Of several programs that
// fetch one data set at a time, one works and the others wait.
//
// Errors: Error(kData) with the reason for each mirror. A file whose checksum is wrong is never
// given its name, and nothing but the bad .part is deleted.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "core/base/hash.h"

namespace oubli {

// A file inside an archive, which must be there with this size once the archive is unpacked.
struct FetchMember {
  std::string path;
  std::int64_t bytes = 0;
};

struct FetchFile {
  std::string name;        // under the mirror and in the folder
  std::int64_t bytes = 0;  // 0 where it is not published
  HashAlgorithm algorithm = HashAlgorithm::kSha256;
  std::string checksum;
  // MD5 of the unpacked content of a .gz file, where published: a copy that was packed anew is as
  // good. May be empty.
  std::string content_md5 = "";
  // Not empty for an archive.
  std::vector<FetchMember> members = {};
  std::int64_t content_bytes = 0;  // of the content that content_md5 is of
};

struct FetchEntry {
  std::string name;                  // of the data source
  std::vector<std::string> mirrors;  // addresses that a file's name is put behind
  std::vector<FetchFile> files;
};

using FetchTable = std::vector<FetchEntry>;

// What is published where: datasets/fetch_table.cpp.
const FetchTable& published_files();

struct FetchProgress {
  std::string file;
  std::int64_t done = 0;   // bytes
  std::int64_t total = 0;  // bytes, 0 where unknown
};

struct FetchOptions {
  // A mirror in place of the published ones: an http, https or file address, or a folder. Files are
  // looked for in FROM/<name>/ and in FROM. Empty for the published mirrors.
  std::string from;
  // Files go to DESTINATION/<name>/. Empty: the first of default_data_folders.
  std::filesystem::path destination;
  // May be empty. To end a download early, throw: the exception reaches the caller.
  std::function<void(const FetchProgress&)> progress;
  // Called where another process is fetching the same data set, before it is waited for.
  std::function<void(const std::string& holder)> on_wait = {};
};

struct FetchReport {
  std::filesystem::path folder;      // DESTINATION/<name>
  std::vector<std::string> fetched;  // files that were downloaded or copied
  std::vector<std::string> already_there;
};

// Throws Error(kSettings) for a name that `table` does not hold.
FetchReport fetch_dataset(const std::string& name, const FetchOptions& options,
                          const FetchTable& table = published_files());

}  // namespace oubli
