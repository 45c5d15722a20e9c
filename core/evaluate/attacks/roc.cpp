#include "core/evaluate/attacks/roc.h"

#include <ATen/ATen.h>

#include <cmath>
#include <limits>

#include "core/base/error.h"

namespace oubli {
namespace {

// Both sides sorted ascending as float64.
struct Scores {
  Scores(const Tensor& positive_scores, const Tensor& negative_scores)
      : positive(std::get<0>(positive_scores.to(at::kDouble).flatten().sort())),
        negative(std::get<0>(negative_scores.to(at::kDouble).flatten().sort())) {
    if (positive.numel() == 0 || negative.numel() == 0) {
      throw Error(ErrorKind::kUsage, "the ROC curve of an empty group is not defined");
    }
  }

  bool has_nan() const {
    return positive.isnan().any().item<bool>() || negative.isnan().any().item<bool>();
  }
  double positives() const { return static_cast<double>(positive.numel()); }
  double negatives() const { return static_cast<double>(negative.numel()); }

  Tensor positive, negative;
};

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

// For each score of `of`: entries of the sorted `others` below it, plus half of those equal to it.
Tensor wins(const Tensor& of, const Tensor& others) {
  const Tensor below = at::searchsorted(others, of, false, /*right=*/false);
  const Tensor not_above = at::searchsorted(others, of, false, /*right=*/true);
  return (below + not_above).to(at::kDouble) / 2;
}

}  // namespace

double auc(const Tensor& positive_scores, const Tensor& negative_scores) {
  const Scores s(positive_scores, negative_scores);
  if (s.has_nan()) return kNan;
  return wins(s.positive, s.negative).sum().item<double>() / (s.positives() * s.negatives());
}

std::optional<double> auc_standard_error(const Tensor& positive_scores,
                                         const Tensor& negative_scores) {
  const Scores s(positive_scores, negative_scores);
  if (s.positive.numel() < 2 || s.negative.numel() < 2) return std::nullopt;
  if (s.has_nan()) return kNan;
  const Tensor by_positive = wins(s.positive, s.negative) / s.negatives();
  const Tensor by_negative = wins(s.negative, s.positive) / s.positives();  // one minus the above
  return std::sqrt(by_positive.var().item<double>() / s.positives() +
                   by_negative.var().item<double>() / s.negatives());
}

double tpr_at_fpr(const Tensor& positive_scores, const Tensor& negative_scores, double fpr) {
  const Scores s(positive_scores, negative_scores);
  if (!(fpr >= 0 && fpr <= 1)) throw Error(ErrorKind::kUsage, "a false-positive rate is in [0, 1]");
  if (s.has_nan()) return kNan;
  // The factor keeps 0.29 * 100 from being 28.
  const auto allowed = static_cast<std::int64_t>(std::floor(fpr * s.negatives() * (1 + 1e-12)));
  if (allowed >= s.negative.numel()) return 1;
  // The highest negative that must not pass; what is tied with it does not pass either.
  const Tensor refused = s.negative[s.negative.numel() - 1 - allowed];
  return s.positive.gt(refused).sum().item<double>() / s.positives();
}

double membership_advantage(const Tensor& positive_scores, const Tensor& negative_scores) {
  const Scores s(positive_scores, negative_scores);
  if (s.has_nan()) return kNan;
  // The maximum is at the score of a positive, or where nothing passes.
  const Tensor positives_below = at::searchsorted(s.positive, s.positive).to(at::kDouble);
  const Tensor negatives_below = at::searchsorted(s.negative, s.positive).to(at::kDouble);
  const Tensor gaps = negatives_below / s.negatives() - positives_below / s.positives();
  return std::max(0.0, gaps.max().item<double>());
}

}  // namespace oubli
