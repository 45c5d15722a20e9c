#include "datasets/language/text_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string_view>

#include "core/base/machine_limits.h"
#include "core/base/text.h"
#include "datasets/files.h"
#include "datasets/table/csv_reader.h"

namespace oubli {
namespace {

std::string whole_text(const std::filesystem::path& file) {
  // Tokens take up to forty times the memory of their text.
  constexpr std::uint64_t kTimes = 40;
  const auto most = static_cast<std::uint64_t>(available_memory()) / kTimes;
  FileContent content = read_file(file, most);
  if (content.is_whole) return std::move(content.bytes);
  throw Error(ErrorKind::kData,
              fmt::format("{}: more than {:.3g} MB of text, which needs more memory than there is. "
                          "Take a part of it.",
                          file.string(), static_cast<double>(most) / 1e6));
}

}  // namespace

bool is_blank_line(const std::string& line) {
  return std::all_of(line.begin(), line.end(), [](char c) { return c == ' ' || c == '\t'; });
}

std::vector<TextLine> read_text_lines(const std::filesystem::path& file) {
  const std::string content = whole_text(file);
  std::string_view text = content;
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
  require_text(text, file.string(), "this is no file of text.");
  std::vector<TextLine> lines;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    if (line.ends_with('\r')) line.remove_suffix(1);
    lines.push_back({std::string(line), static_cast<int>(lines.size()) + 1});
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  while (!lines.empty() && is_blank_line(lines.back().text)) lines.pop_back();
  return lines;
}

}  // namespace oubli
