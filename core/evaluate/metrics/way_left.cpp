// What is left of the way to a row that others are held against, such as retraining with the
// original's own start and order (deltagrad with period 1):
//
//   way_left = ||theta - theta_ref|| / ||theta_o - theta_ref||,  of the same training seed
//
// 0 is there, 1 is where doing nothing is, more is farther. Oracles start elsewhere, so that a
// distance to them is mostly that of their starts. Source: Izzo et al. 2021 (arXiv 2002.10077),
// section 5, of the exact solution.
#include <ATen/ATen.h>

#include "core/evaluate/metric.h"

namespace oubli {
namespace {

std::vector<MetricValue> compute_way_left(const MetricInput& input) {
  if (input.reference == nullptr || input.original == nullptr) return {};
  const Tensor target = input.reference->theta.get();
  const double whole = (input.original->theta.get() - target).norm().item<double>();
  if (whole == 0) return {};
  return {{"way_left", (input.model.theta.get() - target).norm().item<double>() / whole}};
}

}  // namespace

Metric way_left_metric() {
  return {.name = "way_left",
          .summary = "what is left of the way from the original to another row's model",
          .source = "Izzo et al. 2021, arXiv 2002.10077, section 5",
          .columns = {{.name = "way_left",
                       .heading = "way left",
                       .group = ColumnGroup::kPrivacy,
                       .better = GoodSide::kLower,
                       .range = "[0, inf)",
                       .definition =
                           "||theta - theta_ref|| / ||theta_o - theta_ref||, with theta_o the "
                           "original and theta_ref the model of the row in `evaluate: {against: "
                           "ROW}`, both of the same training seed: 0 is there, 1 where doing "
                           "nothing is. For rows whose originals are trained alike. Left out for "
                           "oracles, and where the two are equal."}},
          .compute = compute_way_left,
          .needs = {.reference = true}};
}

}  // namespace oubli
