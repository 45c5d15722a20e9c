#include "core/evaluate/attacks/roc.h"

#include <ATen/ATen.h>

#include <cmath>
#include <limits>

#include "core/base/error.h"

namespace oubli {
namespace {

// For each of `scores`, how many of `others` lie below it, equal ones counting one half.
Tensor wins(const Tensor& scores, const Tensor& others) {
  const Tensor sorted = std::get<0>(others.sort());
  const Tensor below = at::searchsorted(sorted, scores, false, /*right=*/false);
  const Tensor not_above = at::searchsorted(sorted, scores, false, /*right=*/true);
  return (below + not_above).to(at::kDouble) / 2;
}

}  // namespace

double auc(const Tensor& positive_scores, const Tensor& negative_scores) {
  const Tensor positive = positive_scores.to(at::kDouble).contiguous(),
               negative = negative_scores.to(at::kDouble);
  if (positive.numel() == 0 || negative.numel() == 0) {
    throw Error(ErrorKind::kUsage, "the AUC of an empty group is not defined");
  }
  if (positive.isnan().any().item<bool>() || negative.isnan().any().item<bool>()) {
    return std::numeric_limits<double>::quiet_NaN();
  }
  return wins(positive, negative).sum().item<double>() /
         (static_cast<double>(positive.numel()) * static_cast<double>(negative.numel()));
}

double tpr_at_fpr(const Tensor& member_scores, const Tensor& other_scores, double fpr) {
  if (member_scores.numel() == 0 || other_scores.numel() == 0) {
    throw Error(ErrorKind::kUsage, "the ROC curve of an empty group is not defined");
  }
  if (member_scores.isnan().any().item<bool>() || other_scores.isnan().any().item<bool>()) {
    return std::numeric_limits<double>::quiet_NaN();
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

double auc_standard_error(const Tensor& member_scores, const Tensor& other_scores) {
  const Tensor members = member_scores.to(at::kDouble).contiguous(),
               others = other_scores.to(at::kDouble).contiguous();
  if (members.numel() < 2 || others.numel() < 2) {
    throw Error(ErrorKind::kUsage, "the error of an AUC needs two scores or more on either side");
  }
  const auto part = [](const Tensor& scores, const Tensor& against) {
    const Tensor shares = wins(scores, against) / static_cast<double>(against.numel());
    return shares.var().item<double>() / static_cast<double>(scores.numel());
  };
  return std::sqrt(part(members, others) + part(others, members));
}

ColumnInfo auc_error_column(const std::string& auc, const std::string& heading) {
  return {.name = auc + "_se",
          .heading = heading + " se",
          .group = ColumnGroup::kPrivacy,
          .range = "[0, 0.5]",
          .definition = "Standard error of " + auc +
                        " over examples (DeLong et al. 1988): what the draw of the examples alone "
                        "moves it by.",
          .detail = true};
}

}  // namespace oubli
