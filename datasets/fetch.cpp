#include "datasets/fetch.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <limits>

#include "core/base/file.h"
#include "core/base/file_lock.h"
#include "datasets/archive.h"
#include "datasets/download.h"
#include "datasets/files.h"
#include "datasets/part_file.h"

namespace oubli {
namespace {

namespace fs = std::filesystem;

std::int64_t bytes_of(const fs::path& path) {
  std::error_code missing;
  const auto size = fs::file_size(path, missing);
  return missing ? -1 : static_cast<std::int64_t>(size);
}

bool holds_published_content(const fs::path& path, const FetchFile& file) {
  if (file.content_md5.empty()) return false;
  try {
    Hasher hasher(HashAlgorithm::kMd5);
    const FileContent content = read_file(path, static_cast<std::uint64_t>(file.content_bytes));
    hasher.add(content.bytes);
    return content.is_whole && hasher.hex() == file.content_md5;
  } catch (const Error&) {  // cut or damaged
    return false;
  }
}

// The largest that a good copy can be: one that was packed anew is little larger than its content.
std::int64_t most_bytes(const FetchFile& file) {
  if (file.bytes == 0) return std::numeric_limits<std::int64_t>::max();
  return std::max(file.bytes, file.content_bytes + file.content_bytes / 100 + 1000);
}

// What is wrong with a file; "" where it is the published one.
std::string problem_of(const fs::path& path, const FetchFile& file) {
  const std::int64_t bytes = bytes_of(path);
  if (bytes < 0) return "it is not there";
  std::string problem;
  if (file.bytes > 0 && bytes != file.bytes) {
    problem = fmt::format("it has {} bytes, expected {}", bytes, file.bytes);
    if (bytes > most_bytes(file)) return problem;
  } else {
    const std::string checksum = file_hash_hex(path, file.algorithm);
    if (checksum == file.checksum) return "";
    problem = fmt::format("its checksum is {}, expected {}", checksum, file.checksum);
  }
  return holds_published_content(path, file) ? "" : problem;
}

// Copies no more than a good copy can have.
void copy_part(const fs::path& source, const fs::path& part, const FetchFile& file) {
  const InputFile from(source);
  PartFile to(part, /*at_end=*/false);
  std::vector<char> buffer(1 << 18);
  const auto most = static_cast<std::uint64_t>(most_bytes(file));
  for (std::uint64_t done = 0; done < std::min(from.size(), most);) {
    const std::size_t piece = std::min<std::uint64_t>(buffer.size(), from.size() - done);
    from.read(done, buffer.data(), piece);
    to.write(buffer.data(), piece);
    done += piece;
  }
  to.close();
}

// Puts the file of one mirror into `part`; returns whether an earlier part was continued.
bool obtain(const std::string& mirror, const FetchFile& file, const fs::path& part,
            const FetchOptions& options) {
  if (!is_address(mirror)) {
    copy_part(fs::path(mirror) / file.name, part, file);
    return false;
  }
  const std::string slash = mirror.ends_with('/') ? "" : "/";
  DownloadProgress progress;
  if (options.progress) {
    progress = [&](std::int64_t done, std::int64_t total) {
      options.progress({file.name, done, total > 0 ? total : file.bytes});
    };
  }
  return download(mirror + slash + file.name, part, most_bytes(file), progress);
}

// One mirror's try, with a second one from the start where an earlier part turns out to be bad.
void obtain_checked(const std::string& mirror, const FetchFile& file, const fs::path& part,
                    const FetchOptions& options) {
  if (file.bytes > 0 && bytes_of(part) > most_bytes(file)) remove_tree(part, ErrorKind::kData);
  for (bool again = true; again;) {
    again = obtain(mirror, file, part, options);
    const std::string problem = problem_of(part, file);
    if (problem.empty()) return;
    remove_tree(part, ErrorKind::kData);
    if (!again) {
      throw Error(ErrorKind::kData, fmt::format("{}: {} is not the published file: {}",
                                                without_password(mirror), file.name, problem));
    }
  }
}

void fetch_file(const FetchFile& file, const std::vector<std::string>& mirrors,
                const fs::path& target, const FetchOptions& options) {
  fs::path part = target;
  part += ".part";
  std::error_code ignored;
  if (fs::is_symlink(part, ignored)) {
    throw FileError(ErrorKind::kData, part, "is a symbolic link, which is not followed: remove it",
                    0);
  }
  std::vector<std::string> failures;
  bool done = bytes_of(part) > 0 && problem_of(part, file).empty();
  for (std::size_t i = 0; i < mirrors.size() && !done; ++i) {
    try {
      obtain_checked(mirrors[i], file, part, options);
      done = true;
    } catch (const Error& error) {
      failures.push_back(error.what());
    }
  }
  if (!done) {
    throw Error(ErrorKind::kData,
                fmt::format("'{}' could not be fetched. Tried:\n  {}\nTry again (what has arrived "
                            "is kept and continued), or give another mirror or a folder with "
                            "`--from`.",
                            file.name, fmt::join(failures, "\n  ")));
  }
  rename_file(part, target, ErrorKind::kData);
}

bool is_unpacked(const FetchFile& file, const fs::path& folder) {
  for (const FetchMember& member : file.members) {
    if (bytes_of(folder / member.path) != member.bytes) return false;
  }
  return true;
}

void unpack(const FetchFile& file, const fs::path& folder) {
  if (is_unpacked(file, folder)) return;
  constexpr std::uint64_t kOtherBytes = 16 << 20;  // of notes and the like beside the members
  std::uint64_t most = kOtherBytes;
  for (const FetchMember& member : file.members) most += static_cast<std::uint64_t>(member.bytes);
  unpack_archive(folder / file.name, folder, most);
  for (const FetchMember& member : file.members) {
    const std::int64_t bytes = bytes_of(folder / member.path);
    if (bytes != member.bytes) {
      throw Error(ErrorKind::kData,
                  fmt::format("{}: '{}' is {} in it, expected {} bytes.",
                              (folder / file.name).string(), member.path,
                              bytes < 0 ? "not" : fmt::format("{} bytes", bytes), member.bytes));
    }
  }
}

std::vector<std::string> mirrors_of(const FetchEntry& entry, const std::string& from) {
  if (from.empty()) return entry.mirrors;
  is_address(from);  // a scheme that nothing is fetched by is an error of its own
  const std::string slash = from.ends_with('/') ? "" : "/";
  return {from + slash + entry.name, from};
}

bool is_complete(const FetchEntry& entry, const fs::path& folder) {
  return std::all_of(entry.files.begin(), entry.files.end(), [&](const FetchFile& file) {
    return problem_of(folder / file.name, file).empty() && is_unpacked(file, folder);
  });
}

fs::path destination_of(const FetchOptions& options) {
  if (!options.destination.empty()) return options.destination;
  const DataFolders folders = default_data_folders("");
  if (!folders.empty()) return folders.front();
  throw Error(ErrorKind::kSettings,
              "there is no folder to fetch data into: set OUBLI_DATA or give `--data FOLDER`.");
}

}  // namespace

FetchReport fetch_dataset(const std::string& name, const FetchOptions& options,
                          const FetchTable& table) {
  const FetchEntry* entry = nullptr;
  std::vector<std::string> names;
  for (const FetchEntry& candidate : table) {
    names.push_back(candidate.name);
    if (candidate.name == name) entry = &candidate;
  }
  if (entry == nullptr) fail_at({}, unknown_name_message("data set to fetch", name, names));
  FetchReport report;
  report.folder = destination_of(options) / name;
  if (is_complete(*entry, report.folder)) {  // in a folder that may not be written to, as well
    for (const FetchFile& file : entry->files) report.already_there.push_back(file.name);
    return report;
  }
  create_folder(report.folder, ErrorKind::kData);
  const FileLock lock =
      FileLock::take(report.folder / ".fetch.lock", options.on_wait, ErrorKind::kData);
  const std::vector<std::string> mirrors = mirrors_of(*entry, options.from);
  for (const FetchFile& file : entry->files) {
    const fs::path target = report.folder / file.name;
    if (problem_of(target, file).empty()) {
      report.already_there.push_back(file.name);
    } else {
      fetch_file(file, mirrors, target, options);
      report.fetched.push_back(file.name);
    }
    unpack(file, report.folder);
  }
  return report;
}

}  // namespace oubli
