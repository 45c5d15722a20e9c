#include "experiments/engine/commands/size_text.h"

#include <fmt/format.h>

namespace oubli {

std::string size_text(double bytes) {
  for (const char* unit : {"B", "kB", "MB"}) {
    if (bytes < 1000) return fmt::format("{:.4g} {}", bytes, unit);
    bytes /= 1000;
  }
  return fmt::format("{:.4g} GB", bytes);
}

}  // namespace oubli
