#include "experiments/engine/commands/paragraph.h"

#include <algorithm>
#include <cstdio>
#include <sstream>

#include "experiments/engine/report/layout.h"
#include "experiments/engine/terminal.h"

namespace oubli {

std::string paragraph(const std::string& text) {
  return wrapped(text, std::min<std::size_t>(terminal_columns(stdout), 100));
}

std::string folded(const std::string& message, std::FILE* out) {
  if (!is_terminal(out)) return message + "\n";
  const std::size_t width = terminal_columns(out);
  std::string text;
  std::istringstream lines(message);
  for (std::string line; std::getline(lines, line);) {
    text += line.starts_with(' ') ? line + "\n" : wrapped(line, width);
  }
  return text;
}

}  // namespace oubli
