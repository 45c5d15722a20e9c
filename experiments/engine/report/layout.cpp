#include "experiments/engine/report/layout.h"

#include <fmt/format.h>

#include <algorithm>

namespace oubli {

std::size_t shown_width(const std::string& text) {
  std::size_t width = 0;
  for (const char c : text) width += (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  return width;
}

std::string padded(const std::string& text, std::size_t width, bool left) {
  const std::string space(width - std::min(width, shown_width(text)), ' ');
  return left ? fmt::format("{}{}", text, space) : fmt::format("{}{}", space, text);
}

std::string wrapped(const std::string& text, std::size_t width) {
  std::string lines, line;
  std::size_t begin = 0;
  while (begin < text.size()) {
    const std::size_t end = std::min(text.find(' ', begin), text.size());
    const std::string word = text.substr(begin, end - begin);
    if (!line.empty() && shown_width(line) + 1 + shown_width(word) > width) {
      lines += line + "\n";
      line.clear();
    }
    line += line.empty() ? word : " " + word;
    begin = end + 1;
  }
  return lines + line + "\n";
}

std::string hanging(const std::string& label, std::size_t indent, const std::string& text,
                    std::size_t width) {
  std::string lines = wrapped(text, std::max<std::size_t>(width, indent + 20) - indent);
  lines.pop_back();
  std::string result = padded(label, indent, /*left=*/true);
  for (const char c : lines) {
    result += c;
    if (c == '\n') result += std::string(indent, ' ');
  }
  return result + "\n";
}

}  // namespace oubli
