#include "core/evaluate/attacks/threshold_rule.h"

#include <ATen/ATen.h>

#include "core/base/error.h"

namespace oubli {
namespace {

double best_threshold(const Tensor& members, const Tensor& others) {
  const Tensor sorted_members = std::get<0>(members.sort());
  const Tensor sorted_others = std::get<0>(others.sort());
  const Tensor candidates = std::get<0>(at::cat({members, others}).sort());
  const auto below = [&](const Tensor& sorted) {
    return at::searchsorted(sorted, candidates).to(at::kDouble) /
           static_cast<double>(sorted.numel());
  };
  // TPR + TNR - 1. Rounding must not prefer one of equally good thresholds.
  const Tensor gain = below(sorted_others) - below(sorted_members);
  const Tensor best = gain.ge(gain.max() - 1e-12).nonzero().min();
  return candidates[best.item<std::int64_t>()].item<double>();
}

void check(const ClassScores& members, const ClassScores& others) {
  if (members.scores.numel() == 0 || others.scores.numel() == 0) {
    throw Error(ErrorKind::kUsage, "an attack needs members and others");
  }
}

}  // namespace

double ThresholdRule::balanced_accuracy(const ClassScores& members,
                                        const ClassScores& others) const {
  check(members, others);
  const auto called = [&](const ClassScores& side) {
    return side.scores.ge(thresholds.index_select(0, side.classes))
        .to(at::kDouble)
        .mean()
        .item<double>();
  };
  return 0.5 * (called(members) + 1 - called(others));
}

ThresholdRule fit_threshold_rule(const ClassScores& members, const ClassScores& others,
                                 std::int64_t classes) {
  check(members, others);
  const Tensor inside = members.scores.to(at::kDouble), outside = others.scores.to(at::kDouble);
  if (inside.isnan().any().item<bool>() || outside.isnan().any().item<bool>()) {
    throw Error(ErrorKind::kUsage, "a threshold needs scores that are numbers");
  }
  ThresholdRule rule{at::full({classes}, best_threshold(inside, outside), at::kDouble)};
  for (std::int64_t c = 0; c < classes; ++c) {
    const Tensor own = inside.index({members.classes.eq(c)});
    const Tensor other = outside.index({others.classes.eq(c)});
    if (own.numel() == 0 || other.numel() == 0) continue;
    rule.thresholds[c] = best_threshold(own, other);
  }
  return rule;
}

}  // namespace oubli
