#include "core/base/error.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cstring>
#include <filesystem>
#include <new>
#include <nlohmann/json.hpp>
#include <numeric>
#include <set>
#include <system_error>
#include <utility>

#include "core/base/text.h"

namespace oubli {
namespace {

// Insertions, deletions, substitutions and swaps of two neighbours each count one.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before_last(b.size() + 1);
  std::vector<std::size_t> last(b.size() + 1);
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(last.begin(), last.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t substituted = last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, substituted});
      const bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (swapped) row[j] = std::min(row[j], before_last[j - 2] + 1);
    }
    std::swap(before_last, last);
    std::swap(last, row);
  }
  return last[b.size()];
}

std::string letters_of(std::string_view name) {
  std::string letters;
  for (const unsigned char c : name) {
    if (std::isalnum(c) != 0) letters += static_cast<char>(std::tolower(c));
  }
  return letters;
}

// The shortest candidate that begins as the name does, or the other way round, signs left out: for
// what was abbreviated ("neggrad+" for "neggrad_plus"). Few letters say nothing.
std::string nearest_by_beginning(std::string_view name, const std::vector<std::string>& names) {
  constexpr std::size_t kFewest = 4;
  const std::string letters = letters_of(name);
  std::string best;
  for (const std::string& candidate : names) {
    const std::string others = letters_of(candidate);
    const bool is_alike = std::min(letters.size(), others.size()) >= kFewest &&
                          (others.starts_with(letters) || letters.starts_with(others));
    if (is_alike && (best.empty() || candidate.size() < best.size())) best = candidate;
  }
  return best;
}

// A third of the letters, and one more where the first is right and half of them are.
std::size_t most_edits(std::string_view name, std::string_view candidate) {
  const bool begins_alike = !name.empty() && candidate.starts_with(name.front());
  const std::size_t third = name.size() / 3;
  return std::max<std::size_t>(1, begins_alike ? std::min(third + 1, name.size() / 2) : third);
}

}  // namespace

Error::Error(ErrorKind kind, const std::string& message)
    : std::runtime_error(printable(message, /*lines=*/true)), kind_(kind) {}

std::string message_of(const std::exception& thrown) {
  if (dynamic_cast<const Error*>(&thrown) != nullptr) return thrown.what();
  if (const auto* file = dynamic_cast<const std::filesystem::filesystem_error*>(&thrown)) {
    const int reason = file->code().value();
    return printable(
        fmt::format("{}: cannot be used: {}.", file->path1().string(), std::strerror(reason)));
  }
  if (const auto* system = dynamic_cast<const std::system_error*>(&thrown)) {
    return fmt::format("what was to be printed cannot be written: {}.",
                       std::strerror(system->code().value()));
  }
  const std::string text = thrown.what();
  const bool no_memory = dynamic_cast<const std::bad_alloc*>(&thrown) != nullptr ||
                         dynamic_cast<const std::length_error*>(&thrown) != nullptr ||
                         text.find("alloc_cpu") != std::string::npos ||
                         text.find("not enough memory") != std::string::npos;
  if (no_memory) {
    return "memory is not enough. `oubli check FILE` says what an experiment needs; lower the "
           "width of the model, data.limit, train.batch_size or --jobs.";
  }
  if (dynamic_cast<const nlohmann::json::exception*>(&thrown) != nullptr) {
    return "a file of results or of the store does not hold what it should: was it changed by "
           "hand? `oubli store verify` looks for damage.";
  }
  return "an error inside of oubli, which should have been a message: " +
         printable(text.substr(0, text.find('\n'))) + ". Please report it.";
}

std::string Origin::text() const {
  return line > 0 ? fmt::format("{}:{}:{}", source, line, column) : source;
}

std::string nearest_name(std::string_view name, const std::vector<std::string>& names) {
  constexpr std::size_t kLongestName = 200;  // work grows with the length
  std::string best;
  if (name.size() > kLongestName) return best;
  std::size_t best_distance = kLongestName;
  for (const std::string& candidate : names) {
    const std::size_t distance = edit_distance(name, candidate);
    if (distance < best_distance && distance <= most_edits(name, candidate)) {
      best_distance = distance;
      best = candidate;
    }
  }
  return best.empty() ? nearest_by_beginning(name, names) : best;
}

namespace {

// Those that a reader may have meant, the likeliest first: names that hold what was written, or
// parts of it, then by distance.
std::vector<std::string> nearest_names(std::string_view name, const std::vector<std::string>& all,
                                       std::size_t most) {
  const std::string letters = letters_of(name);
  std::vector<std::pair<double, std::string>> ranked;
  for (const std::string& candidate : all) {
    const std::string others = letters_of(candidate);
    const bool holds =
        !letters.empty() && !others.empty() &&
        (others.find(letters) != std::string::npos || letters.find(others) != std::string::npos);
    const std::size_t longest = std::max({letters.size(), others.size(), std::size_t{1}});
    const double distance =
        static_cast<double>(edit_distance(letters, others)) / static_cast<double>(longest);
    ranked.emplace_back(holds ? distance - 1 : distance, candidate);
  }
  std::stable_sort(ranked.begin(), ranked.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  std::vector<std::string> names;
  for (std::size_t i = 0; i < std::min(most, ranked.size()); ++i) names.push_back(ranked[i].second);
  return names;
}

}  // namespace

std::string unknown_name_message(std::string_view kind, std::string_view name,
                                 const std::vector<std::string>& valid) {
  constexpr std::size_t kMostListed = 24, kNearest = 6, kLongestName = 200;
  const std::string nearest = nearest_name(name, valid);
  const std::set<std::string> distinct(valid.begin(), valid.end());
  if (distinct.size() > kMostListed && name.size() <= kLongestName) {
    return fmt::format("unknown {} {}{} The nearest of {} names: {}.", kind, quote(name),
                       nearest.empty() ? "." : fmt::format("; did you mean '{}'?", nearest),
                       distinct.size(),
                       listed(nearest_names(name, {distinct.begin(), distinct.end()}, kNearest)));
  }
  return fmt::format("unknown {} {}{} Valid: {}.", kind, quote(name),
                     nearest.empty() ? "." : fmt::format("; did you mean '{}'?", nearest),
                     valid.empty() ? "none" : listed(valid));
}

}  // namespace oubli
