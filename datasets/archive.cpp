#include "datasets/archive.h"

#include <archive.h>
#include <archive_entry.h>
#include <fmt/format.h>

#include <memory>
#include <vector>

#include "core/base/file.h"
#include "core/base/text.h"
#include "datasets/part_file.h"

namespace oubli {
namespace {

namespace fs = std::filesystem;

using Reader = std::unique_ptr<archive, int (*)(archive*)>;

[[noreturn]] void fail(const fs::path& path, const std::string& message) {
  throw Error(ErrorKind::kData, fmt::format("{}: {}", path.string(), message));
}

[[noreturn]] void fail_damaged(const fs::path& path, archive* reader) {
  const char* reason = archive_error_string(reader);
  fail(path, fmt::format("at byte {}: the archive is damaged ({}). Fetch it again.",
                         archive_filter_bytes(reader, -1),
                         reason == nullptr ? "no reason given" : printable(reason)));
}

// The path of an entry below the folder.
fs::path safe_path(archive_entry* entry, const fs::path& path) {
  const char* name = archive_entry_pathname(entry);
  if (name == nullptr || *name == '\0') fail(path, "an entry has no readable name.");
  const fs::path relative(name);
  bool inside = relative.is_relative();
  for (const fs::path& part : relative) inside = inside && part != "..";
  const auto type = archive_entry_filetype(entry);
  const bool plain =
      (type == AE_IFREG || type == AE_IFDIR) && archive_entry_hardlink(entry) == nullptr;
  if (!inside || !plain) {
    fail(path, fmt::format("the entry {} is {}; only files and folders below the archive's own "
                           "place are unpacked. Do not trust this archive.",
                           quote(name), inside ? "a link or a device" : "outside of it"));
  }
  return relative;
}

// The folders of an entry, made where they are missing. A link among them could lead anywhere.
void create_folders(const fs::path& folder, const fs::path& relative, const fs::path& path) {
  create_folder(folder, ErrorKind::kData);
  fs::path place = folder;
  for (const fs::path& part : relative) {
    if (part.empty() || part == ".") continue;
    place /= part;
    std::error_code failure;
    const fs::file_status status = fs::symlink_status(place, failure);
    if (status.type() == fs::file_type::not_found) {
      create_folder(place, ErrorKind::kData);
    } else if (status.type() != fs::file_type::directory) {
      fail(place,
           fmt::format("stands where {} has a folder, and is none. Remove it.", path.string()));
    }
  }
}

// Writes an entry's content, and takes its bytes from `left`.
void write_entry(archive* reader, const fs::path& path, const fs::path& target,
                 std::uint64_t& left) {
  fs::path part = target;
  part += ".part";
  PartFile file(part, /*at_end=*/false);
  std::vector<char> buffer(1 << 18);
  while (true) {
    const auto count = archive_read_data(reader, buffer.data(), buffer.size());
    if (count < 0) {
      remove_tree(part, ErrorKind::kData);
      fail_damaged(path, reader);
    }
    if (count == 0) break;
    if (static_cast<std::uint64_t>(count) > left) {
      remove_tree(part, ErrorKind::kData);
      fail(path, "it unpacks to more than the published files have. Do not trust this archive.");
    }
    left -= static_cast<std::uint64_t>(count);
    file.write(buffer.data(), static_cast<std::size_t>(count));
  }
  file.close();
  rename_file(part, target, ErrorKind::kData);
}

}  // namespace

void unpack_archive(const fs::path& path, const fs::path& folder, std::uint64_t most) {
  const Reader reader(archive_read_new(), archive_read_free);
  archive_read_support_filter_all(reader.get());
  archive_read_support_format_tar(reader.get());
  archive_read_support_format_zip(reader.get());
  constexpr std::size_t kBlock = 1 << 16;
  if (const std::string what = what_stands_at(path); !what.empty()) fail(path, what + ".");
  if (archive_read_open_filename(reader.get(), path.c_str(), kBlock) != ARCHIVE_OK) {
    fail_damaged(path, reader.get());
  }
  archive_entry* entry = nullptr;
  for (int entries = 0;; ++entries) {
    const int status = archive_read_next_header(reader.get(), &entry);
    if (status == ARCHIVE_EOF) return;
    if (status != ARCHIVE_OK && status != ARCHIVE_WARN) fail_damaged(path, reader.get());
    constexpr int kMostEntries = 1000;
    if (entries >= kMostEntries)
      fail(path, fmt::format("it has more than {} entries.", kMostEntries));
    const fs::path relative = safe_path(entry, path);
    if (archive_entry_filetype(entry) == AE_IFDIR) {
      create_folders(folder, relative, path);
    } else {
      create_folders(folder, relative.parent_path(), path);
      write_entry(reader.get(), path, folder / relative, most);
    }
  }
}

}  // namespace oubli
