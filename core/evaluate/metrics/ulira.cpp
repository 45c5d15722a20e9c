// U-LiRA on the forget set (core/evaluate/attacks/ulira.h).
#include "core/evaluate/attacks/ulira.h"

#include "core/evaluate/attacks/likelihood_ratio.h"

namespace oubli {
namespace {

// So few that 32 shadows always suffice; why, in attacks/ulira.h.
constexpr double kOwnVarianceFrom = 4;

}  // namespace

std::optional<RatioScores> ulira_scores(const MetricInput& input) {
  const std::optional<AuditedRows> audited = audited_rows(input.evaluation);
  if (!audited || input.edited_shadows.empty()) return {};
  return likelihood_ratio_scores(input.edited_shadows, input.predictions(), audited->forget,
                                 audited->unseen, kOwnVarianceFrom);
}

namespace {

std::vector<MetricValue> compute_ulira(const MetricInput& input) {
  const std::optional<RatioScores> scores = ulira_scores(input);
  if (!scores) return {};
  return likelihood_ratio_values("ulira", *scores, input.model.claim);
}

}  // namespace

Metric ulira_metric() {
  return {
      .name = "ulira",
      .summary = "likelihood-ratio attack whose shadow models were unlearnt by the same method",
      .source = "Hayes et al. 2024; the bound on epsilon: Jagielski et al. 2020",
      .columns = likelihood_ratio_columns(
          "ulira", "U-LiRA",
          "a forgotten example has a higher likelihood ratio of 'learnt and then forgotten' "
          "against 'never learnt' than an unseen example has, by shadow models that the same "
          "method edited. phi and the ratio are those of lira, with variances of each example's "
          "own from four shadow models on either side. The audited examples are the forget set and "
          "as many unseen ones of its classes; where a side has more, every k-th: i-th of c from n "
          "is floor(i n / c). A shadow model trains on what remains and on half of them, which it "
          "then forgets; 2k and 2k + 1 have a half each. For S shadow models the noise floor takes "
          "S oracles more, which come after those of the table.",
          GoodSide::kLower),
      .compute = compute_ulira,
      .needs = {.edited_shadows = true},
      .version = 2};  // with a bound at a claim's delta
}

}  // namespace oubli
