#include "datasets/archive.h"

#include <archive.h>
#include <archive_entry.h>
#include <fmt/format.h>

#include <fstream>
#include <memory>
#include <vector>

#include "core/base/error.h"

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
                         reason == nullptr ? "no reason given" : reason));
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
    fail(path, fmt::format("the entry '{}' is {}; only files and folders below the archive's own "
                           "place are unpacked. Do not trust this archive.",
                           name, inside ? "a link or a device" : "outside of it"));
  }
  return relative;
}

void write_file(archive* reader, const fs::path& path, const fs::path& target) {
  fs::path part = target;
  part += ".part";
  std::ofstream file(part, std::ios::binary);
  std::vector<char> buffer(1 << 18);
  while (true) {
    const auto count = archive_read_data(reader, buffer.data(), buffer.size());
    if (count < 0) fail_damaged(path, reader);
    if (count == 0) break;
    file.write(buffer.data(), static_cast<std::streamsize>(count));
  }
  file.close();
  if (!file) fail(part, "cannot be written. Check permissions and free space.");
  fs::rename(part, target);
}

}  // namespace

void unpack_archive(const fs::path& path, const fs::path& folder) {
  const Reader reader(archive_read_new(), archive_read_free);
  archive_read_support_filter_all(reader.get());
  archive_read_support_format_tar(reader.get());
  archive_read_support_format_zip(reader.get());
  constexpr std::size_t kBlock = 1 << 16;
  if (archive_read_open_filename(reader.get(), path.c_str(), kBlock) != ARCHIVE_OK) {
    fail_damaged(path, reader.get());
  }
  archive_entry* entry = nullptr;
  while (true) {
    const int status = archive_read_next_header(reader.get(), &entry);
    if (status == ARCHIVE_EOF) return;
    if (status != ARCHIVE_OK && status != ARCHIVE_WARN) fail_damaged(path, reader.get());
    const fs::path target = folder / safe_path(entry, path);
    if (archive_entry_filetype(entry) == AE_IFDIR) {
      fs::create_directories(target);
    } else {
      fs::create_directories(target.parent_path());
      write_file(reader.get(), path, target);
    }
  }
}

}  // namespace oubli
