#include "experiments/engine/commands/paragraph.h"

#include <algorithm>
#include <cstdio>

#include "experiments/engine/report/layout.h"
#include "experiments/engine/terminal.h"

namespace oubli {

std::string paragraph(const std::string& text) {
  return wrapped(text, std::min<std::size_t>(terminal_columns(stdout), 100));
}

}  // namespace oubli
