#include "datasets/faults.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace oubli {

std::string all_faults(const std::vector<std::string>& messages) {
  const std::size_t told = std::min(messages.size(), kMostFaults);
  std::string text = fmt::format(
      "{}", fmt::join(messages.begin(), messages.begin() + static_cast<long>(told), "\n"));
  if (told < messages.size()) text += fmt::format("\n... and {} more", messages.size() - told);
  return text;
}

std::string lines_text(const std::vector<int>& first, std::int64_t count) {
  const auto told = static_cast<long>(std::min(first.size(), kMostFaults));
  const std::int64_t more = count - told;
  if (more > 0) {
    return fmt::format("lines {}, ... and {} more",
                       fmt::join(first.begin(), first.begin() + told, ", "), more);
  }
  if (told == 1) return fmt::format("line {}", first.front());
  return fmt::format("lines {} and {}", fmt::join(first.begin(), first.begin() + told - 1, ", "),
                     first[static_cast<std::size_t>(told - 1)]);
}

}  // namespace oubli
