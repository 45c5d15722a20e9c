// The support-vector confidence attack, "MIA" of the SalUn tables (Jia et al. 2023; Fan et al.
// 2024): a classifier (C = 3, gamma = 1) learns from the confidence p_y to tell retained examples
// from unseen ones, and is then asked about the forget set. The value is the share that it calls
// unseen: as high as the oracles' is good, and higher is over-forgetting.
//
// The published code fits on the whole test set and as many retained examples. Here at most 1,000
// of each, evenly spaced, because the fit's cost grows with the square of their number.
#include <ATen/ATen.h>

#include <limits>

#include "core/evaluate/attacks/samples.h"
#include "core/evaluate/attacks/support_vectors.h"
#include "core/evaluate/metric.h"

namespace oubli {
namespace {

constexpr std::int64_t kMostOfEach = 1000;

std::vector<MetricValue> compute_mia_svc(const MetricInput& input) {
  const std::optional<FittedSets> sets = fitted_sets(input.evaluation);
  if (!sets) return {};
  const std::int64_t count = std::min({sets->retain.numel(), sets->unseen.numel(), kMostOfEach});
  const Tensor& confidence = input.predictions().confidence();
  const auto of = [&](const Tensor& rows) { return confidence.index_select(0, rows); };
  const Tensor members = of(evenly_spaced(sets->retain, count)),
               others = of(evenly_spaced(sets->unseen, count)), asked = of(sets->edited);
  if (!at::cat({members, others, asked}).isfinite().all().item<bool>()) {
    return {{"mia_efficacy", std::numeric_limits<double>::quiet_NaN()}};
  }
  // Nothing to tell by: what the classifier then says is which group came first.
  const Tensor fitted = at::cat({members, others});
  if (fitted.eq(fitted[0]).all().item<bool>()) return {{"mia_efficacy", 0.5}};
  const SupportVectorClassifier attack(members, others);
  return {{"mia_efficacy",
           attack.predicted(asked).logical_not().to(at::kDouble).mean().item<double>()}};
}

}  // namespace

Metric mia_svc_metric() {
  return {.name = "mia_svc",
          .summary = "support-vector confidence attack of the SalUn tables",
          .source = "Jia et al. 2023; Fan et al. 2024",
          .columns =
              {{.name = "mia_efficacy",
                .heading = "MIA efficacy",
                .group = ColumnGroup::kPrivacy,
                .range = "[0, 1]",
                .definition =
                    "Share of the edited set that a support-vector classifier "
                    "(Gaussian kernel, C = 3, gamma = 1) of p_y, fitted on c retained and c unseen "
                    "examples (held out, else test), calls unseen: c the fewer of both and of "
                    "1,000, of each the i-th of c from n being floor(i n / c); "
                    "0.5 where all have one p_y. Read it against the oracles' value.",
                .resolution = 0.01,
                .above = AboveMeans::kOverForgets}},
          .compute = compute_mia_svc};
}

}  // namespace oubli
