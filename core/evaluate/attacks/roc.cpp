#include "core/evaluate/attacks/roc.h"

#include <ATen/ATen.h>

#include <cmath>

#include "core/base/error.h"

namespace oubli {

double tpr_at_fpr(const Tensor& member_scores, const Tensor& other_scores, double fpr) {
  if (member_scores.numel() == 0 || other_scores.numel() == 0) {
    throw Error(ErrorKind::kUsage, "the ROC curve of an empty group is not defined");
  }
  const Tensor others = std::get<0>(other_scores.to(at::kDouble).sort(/*dim=*/0, true));
  // The slack keeps 0.07 * 100 from counting as less than 7.
  const auto allowed = static_cast<std::int64_t>(
      std::floor(fpr * static_cast<double>(others.numel()) * (1 + 1e-12)));
  if (allowed >= others.numel()) return 1;
  // Accepting only scores above the first negative that may not be accepted.
  const double threshold = others[allowed].item<double>();
  return member_scores.to(at::kDouble).gt(threshold).to(at::kDouble).mean().item<double>();
}

}  // namespace oubli
