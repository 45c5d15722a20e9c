#include "experiments/engine/terminal.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdlib>
#include <string_view>

namespace oubli {

std::size_t terminal_columns(std::FILE* out) {
  winsize size{};
  if (::ioctl(::fileno(out), TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
  if (const char* columns = std::getenv("COLUMNS"); columns != nullptr) {
    const int value = std::atoi(columns);
    if (value > 20) return static_cast<std::size_t>(value);
  }
  return 80;
}

bool is_terminal(std::FILE* out) { return ::isatty(::fileno(out)) != 0; }

bool wants_colours(std::FILE* out) {
  const char* refused = std::getenv("NO_COLOR");
  const char* kind = std::getenv("TERM");
  const bool is_plain = kind == nullptr || std::string_view(kind) == "dumb";
  return is_terminal(out) && !is_plain && (refused == nullptr || *refused == '\0');
}

}  // namespace oubli
