#include "datasets/files.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <zlib.h>

#include <algorithm>

#include "core/base/file.h"
#include "core/base/machine_limits.h"

namespace oubli {
namespace {

namespace fs = std::filesystem;

void require_memory_for(std::uint64_t bytes, const fs::path& path) {
  const std::string shortage = memory_shortage(static_cast<double>(bytes), path.string());
  if (!shortage.empty()) throw Error(ErrorKind::kData, shortage + " Is it the right file?");
}

std::vector<fs::path> candidates(const DataFolders& folders, const std::string& name,
                                 const std::vector<std::string>& subfolders) {
  std::vector<fs::path> places;
  for (const fs::path& folder : folders) {
    for (const std::string& subfolder : subfolders) {
      places.push_back(folder / name / subfolder);
      places.push_back(folder / subfolder);
    }
    places.push_back(folder / name);
    places.push_back(folder);
  }
  return places;
}

}  // namespace

[[noreturn]] void fail_at_byte(const std::string& file, std::int64_t offset,
                               const std::string& message) {
  throw Error(ErrorKind::kData, fmt::format("{}: at byte {}: {}", file, offset, message));
}

fs::path plain_or_packed(const fs::path& folder, const std::string& name) {
  std::error_code ignored;
  const fs::path plain = folder / name;
  return fs::is_regular_file(plain, ignored) ? plain : folder / (name + ".gz");
}

fs::path find_data_folder(const DataFolders& folders, const std::string& name,
                          const std::vector<std::string>& subfolders,
                          const std::vector<std::string>& files) {
  std::string partial;
  for (const fs::path& place : candidates(folders, name, subfolders)) {
    std::vector<std::string> missing;
    for (const std::string& file : files) {
      std::error_code ignored;
      if (!fs::is_regular_file(plain_or_packed(place, file), ignored)) missing.push_back(file);
    }
    if (missing.empty()) return place;
    if (missing.size() < files.size() && partial.empty()) {
      partial = fmt::format(" {} holds a part of it, without {}.", place.string(),
                            fmt::join(missing, ", "));
    }
  }
  std::vector<std::string> searched;
  for (const fs::path& folder : folders) searched.push_back(folder.string());
  throw Error(
      ErrorKind::kData,
      fmt::format("the files of the data set '{}' were not found: expected {} in a folder "
                  "'{}'. Searched: {}.{} Try `oubli data fetch {}`, or set OUBLI_DATA to "
                  "the folder that holds them.",
                  name, fmt::join(files, ", "), name,
                  searched.empty() ? "no folder at all" : fmt::to_string(fmt::join(searched, ", ")),
                  partial, name));
}

fs::path find_named_file(const std::string& what, const fs::path& file, const fs::path& folder,
                         const DataFolders& folders) {
  std::vector<fs::path> places = {folder};
  places.insert(places.end(), folders.begin(), folders.end());
  std::vector<std::string> searched;
  for (const fs::path& place : places) {
    const fs::path path = place / file;  // an absolute file replaces the folder
    std::error_code missing;
    if (fs::exists(path, missing)) return path;
    searched.push_back(path.string());
  }
  throw Error(
      ErrorKind::kData,
      fmt::format("the {} '{}' was not found. Searched: {}. Give its path from the folder of the "
                  "file that names it (from the present one with --set), or an absolute one.",
                  what, file.string(), fmt::join(searched, ", ")));
}

FileContent unpack_gzip(std::string_view packed, const std::string& where, std::uint64_t most) {
  z_stream stream{};
  constexpr int kGzipWindow = 15 + 16;
  if (inflateInit2(&stream, kGzipWindow) != Z_OK) {
    throw Error(ErrorKind::kData, fmt::format("{}: zlib could not start: no memory.", where));
  }
  const std::unique_ptr<z_stream, int (*)(z_stream*)> guard(&stream, inflateEnd);
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
  stream.avail_in = 0;
  std::size_t given = 0;
  FileContent content;
  std::string& unpacked = content.bytes;
  std::vector<char> buffer(1 << 16);
  while (true) {
    if (stream.avail_in == 0) {  // in pieces: avail_in counts in 32 bits
      const std::size_t piece = std::min<std::size_t>(packed.size() - given, 1 << 30);
      stream.avail_in = static_cast<uInt>(piece);
      given += piece;
    }
    stream.next_out = reinterpret_cast<Bytef*>(buffer.data());
    stream.avail_out = static_cast<uInt>(buffer.size());
    const int status = inflate(&stream, Z_NO_FLUSH);
    unpacked.append(buffer.data(), buffer.size() - stream.avail_out);
    const std::size_t used = given - stream.avail_in;
    if (unpacked.size() > most) {
      unpacked.resize(most);
      content.is_whole = false;
      return content;
    }
    if (status == Z_STREAM_END) {
      if (used == packed.size()) return content;
      if (inflateReset(&stream) == Z_OK) continue;  // members may follow one another
    }
    if (status == Z_BUF_ERROR ||
        (status == Z_OK && used == packed.size() && stream.avail_out > 0)) {
      fail_at_byte(where, static_cast<std::int64_t>(used),
                   "the gzip file is truncated: it ends before its data does. Fetch it again.");
    }
    if (status != Z_OK) {
      fail_at_byte(where, static_cast<std::int64_t>(used),
                   fmt::format("the gzip file is damaged ({}). Fetch it again.",
                               stream.msg == nullptr ? "no reason given" : stream.msg));
    }
  }
}

FileContent read_file(const fs::path& path, std::uint64_t most) {
  const InputFile file(path);
  unsigned char magic[2] = {0, 0};
  if (file.size() >= sizeof magic) file.read(0, magic, sizeof magic);
  const bool is_packed = magic[0] == 0x1f && magic[1] == 0x8b;
  if (!is_packed) {
    FileContent content;
    content.is_whole = file.size() <= most;
    const std::uint64_t size = std::min(file.size(), most);
    require_memory_for(size, path);
    content.bytes.resize(size);
    file.read(0, content.bytes.data(), size);
    return content;
  }
  // Packing makes nothing larger by more than a few bytes in a block.
  const std::uint64_t most_packed = most + most / 1000 + 4096;
  const std::uint64_t size = std::min(file.size(), most_packed);
  constexpr std::uint64_t kMostRatio = 1032;  // of what gzip unpacks to
  require_memory_for(std::min(most, kMostRatio * size), path);
  std::string packed(size, '\0');
  file.read(0, packed.data(), size);
  return unpack_gzip(packed, path.string(), most);
}

}  // namespace oubli
