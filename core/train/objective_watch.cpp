#include "core/train/objective_watch.h"

#include <algorithm>
#include <cmath>

namespace oubli {
namespace {

// Terms that a method makes in the same way have the same signs and losses.
std::string kind_of(const LossTerm& term) {
  std::string kind;
  for (const LossTerm::Part& part : term.parts()) {
    if (part.weight == 0) continue;
    kind += part.weight > 0 ? '+' : '-';
    kind += part.loss ? 'o' : 'l';
  }
  return kind;
}

struct Mean {
  double value = 0, variance = 0;  // of the mean
};

Mean mean_of(std::vector<double>::const_iterator begin, std::vector<double>::const_iterator end) {
  const auto n = static_cast<double>(end - begin);
  Mean mean;
  for (auto value = begin; value != end; ++value) mean.value += *value / n;
  for (auto value = begin; value != end; ++value) {
    mean.variance += (*value - mean.value) * (*value - mean.value) / (n * std::max(1.0, n - 1));
  }
  return mean;
}

}  // namespace

void ObjectiveWatch::see(const LossTerm& term, double value, std::int64_t epoch) {
  const auto [place, is_new] = seen_.try_emplace(kind_of(term));
  Seen& seen = place->second;
  if (is_new) seen.first_epoch = seen.last_epoch = epoch;
  if (epoch == seen.first_epoch) seen.first.push_back(value);
  if (epoch != seen.last_epoch) seen.last.clear();
  seen.last_epoch = epoch;
  seen.last.push_back(value);
}

std::optional<ObjectiveWatch::Rise> ObjectiveWatch::rise_of(const Seen& seen) {
  const bool is_one_epoch = seen.first_epoch == seen.last_epoch;
  const auto half = static_cast<std::ptrdiff_t>(is_one_epoch ? seen.first.size() / 2 : 0);
  if (is_one_epoch && half == 0) return std::nullopt;  // one step, which nothing comes behind
  const Mean first =
      mean_of(seen.first.begin(), is_one_epoch ? seen.first.begin() + half : seen.first.end());
  const Mean last = mean_of(seen.last.begin() + half, seen.last.end());
  const double start = seen.first.front();
  if (last.value - start > 9 * std::max(std::abs(start), 0.05)) return Rise{start, last.value};
  const double rise = last.value - first.value;
  const bool is_clear = rise > 4 * std::sqrt(first.variance + last.variance) &&
                        rise > 0.1 * std::max(std::abs(first.value), 0.01);
  return is_clear ? std::optional(Rise{first.value, last.value}) : std::nullopt;
}

std::optional<ObjectiveWatch::Rise> ObjectiveWatch::rise() const {
  std::optional<Rise> largest;
  for (const auto& [kind, seen] : seen_) {
    const std::optional<Rise> own = rise_of(seen);
    if (own && (!largest || own->last - own->first > largest->last - largest->first)) {
      largest = own;
    }
  }
  return largest;
}

}  // namespace oubli
