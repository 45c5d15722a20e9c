#include "core/solve/spectrum.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "core/solve/counted_operator.h"
#include "core/solve/lanczos.h"

namespace oubli {
namespace {

// Numbers held in the bases of probes that run side by side: half a gigabyte.
constexpr std::int64_t kBasisNumbers = std::int64_t{1} << 26;

}  // namespace

SpectrumEstimate estimate_spectrum(const LinearOperator& matrix, std::int64_t steps,
                                   std::int64_t probes, Generator& generator) {
  const CountedOperator counted(matrix);
  const std::int64_t n = matrix.dim();
  const std::int64_t at_once = std::max<std::int64_t>(1, kBasisNumbers / (n * (steps + 1)));
  SpectrumEstimate estimate;
  std::vector<Tensor> nodes;
  std::vector<Tensor> weights, probes_of;
  for (std::int64_t begin = 0; begin < probes; begin += at_once) {
    const Tensor starts = generator.rademacher({n, std::min(at_once, probes - begin)}, at::kDouble);
    for (const LanczosResult& r : lanczos(counted, starts, {.steps = steps, .vectors = false})) {
      estimate.is_finite = estimate.is_finite && r.is_finite;
      if (r.size() == 0) continue;
      const double low = r.values[0].item<double>();
      const double high = r.values[-1].item<double>();
      if (nodes.empty() || low < estimate.smallest) {
        estimate.smallest = low;
        estimate.smallest_residual = r.residuals[0].item<double>();
      }
      if (nodes.empty() || high > estimate.largest) {
        estimate.largest = high;
        estimate.largest_residual = r.residuals[-1].item<double>();
      }
      probes_of.push_back(
          at::full({r.values.numel()}, static_cast<std::int64_t>(nodes.size()), at::kLong));
      nodes.push_back(r.values);
      weights.push_back(r.weights);
      estimate.traces.push_back(static_cast<double>(n) * r.diagonal.front());
    }
  }
  estimate.products = counted.products();
  if (nodes.empty()) {
    estimate.nodes = estimate.weights = at::zeros({0}, at::kDouble);
    estimate.probes = at::zeros({0}, at::kLong);
    return estimate;
  }
  const auto [sorted, order] = at::cat(nodes).sort(/*stable=*/true, 0, /*descending=*/false);
  estimate.nodes = sorted;
  estimate.weights = at::cat(weights).index_select(0, order) / static_cast<double>(nodes.size());
  estimate.probes = at::cat(probes_of).index_select(0, order);
  const auto count = static_cast<double>(estimate.traces.size());
  for (const double trace : estimate.traces) estimate.trace += trace / count;
  return estimate;
}

}  // namespace oubli
