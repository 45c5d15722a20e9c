#include "core/evaluate/attacks/held_out_epsilon.h"

#include <ATen/ATen.h>

#include "core/base/error.h"

namespace oubli {
namespace {

// Calling a member what scores at least `threshold`, or at most, where low scores say so.
struct Rule {
  double threshold = 0;
  bool high = true;
};

std::size_t called(const Tensor& scores, const Rule& rule) {
  const Tensor members = rule.high ? scores.ge(rule.threshold) : scores.le(rule.threshold);
  return static_cast<std::size_t>(members.sum().item<std::int64_t>());
}

AttackCounts counts(const Tensor& members, const Tensor& others, const Rule& rule) {
  const auto inside = static_cast<std::size_t>(members.numel());
  return {.false_positives = called(others, rule),
          .non_members = static_cast<std::size_t>(others.numel()),
          .false_negatives = inside - called(members, rule),
          .members = inside};
}

}  // namespace

EpsilonBound held_out_epsilon(const Tensor& member_scores, const Tensor& other_scores,
                              const EpsilonOptions& options) {
  const Tensor members = member_scores.to(at::kDouble), others = other_scores.to(at::kDouble);
  if (members.numel() < 2 || others.numel() < 2) {
    throw Error(ErrorKind::kUsage, "a held-out bound needs two members and two others");
  }
  const Tensor all = at::cat({members, others});
  if (all.isnan().any().item<bool>()) {
    throw Error(ErrorKind::kUsage, "an attack needs scores that are numbers");
  }
  const auto every_second = [](const Tensor& scores, std::int64_t first) {
    return scores.slice(0, first, scores.numel(), 2);
  };
  const Tensor chosen_members = every_second(members, 0), chosen_others = every_second(others, 0);
  Rule best;
  double largest = -1;
  // Between two members' scores a threshold moves only false positives, so no other is better.
  const Tensor candidates = std::get<0>(at::_unique(chosen_members, /*sorted=*/true));
  for (const bool high : {true, false}) {
    for (std::int64_t i = 0; i < candidates.numel(); ++i) {
      const Rule rule{candidates[i].item<double>(), high};
      const double bound =
          epsilon_lower_bound(counts(chosen_members, chosen_others, rule), options).epsilon;
      if (bound > largest) {
        largest = bound;
        best = rule;
      }
    }
  }
  return epsilon_lower_bound(counts(every_second(members, 1), every_second(others, 1), best),
                             options);
}

}  // namespace oubli
