#include "datasets/selectors/amount.h"

#include <fmt/format.h>

#include "core/data/drawing.h"
#include "datasets/draw.h"

namespace oubli {

std::int64_t Amount::of(std::int64_t available, const char* what) const {
  const std::int64_t wanted = fraction ? share_of(*fraction, available) : count;
  if (wanted > available) {
    fail_task(origin, fmt::format("'count' is {}, but there are only {} {} to choose from.", wanted,
                                  available, what));
  }
  return wanted;
}

Amount read_amount(const Settings& settings, const char* what) {
  Amount amount;
  const bool has_fraction = settings.has("fraction");
  const bool has_count = settings.has("count");
  if (!settings.is_describing() && has_fraction == has_count) {
    fail_at(settings.origin(), has_fraction
                                   ? "found both 'fraction' and 'count', expected one of them."
                                   : "found neither 'fraction' nor 'count', expected one of "
                                     "them, such as {fraction: 0.1}.");
  }
  if (has_count || settings.is_describing()) {
    amount.origin = settings.origin("count");
    amount.count = settings.integer(
        "count", {.at_least = 1, .doc = fmt::format("{}, or give 'fraction'", what)});
  }
  if (has_fraction || settings.is_describing()) {
    amount.origin = settings.origin("fraction");
    amount.fraction = settings.real(
        "fraction",
        {.above = 0, .at_most = 1, .doc = fmt::format("share of the {}, or give 'count'", what)});
  }
  return amount;
}

Tensor drawn(const Tensor& candidates, const Amount& amount, const Generator& generator) {
  const std::int64_t count = amount.of(candidates.numel());
  Generator draw = generator.stream("forget");
  return sorted_rows(drawn_rows(candidates, count, draw));
}

}  // namespace oubli
