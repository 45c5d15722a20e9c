#include "core/solve/lanczos.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "core/base/error.h"
#include "core/base/precision.h"
#include "core/solve/tridiagonal.h"

namespace oubli {
namespace {

// One process: its basis grows by a vector a step.
struct Process {
  Tensor basis;  // [dim, steps + 1]; the first size() + 1 columns are filled
  LanczosResult result;
  double scale = 0;  // the largest entry of T: what beta is small against
  bool is_done = false;

  Tensor filled(std::int64_t columns) const { return basis.narrow(1, 0, columns); }
  void project_out(Tensor& v, std::int64_t columns) const {
    for (int pass = 0; pass < 2; ++pass) v -= filled(columns).mv(filled(columns).t().mv(v));
  }
};

// Takes in A q for the latest basis vector q, and makes the next one.
void advance(Process& process, const Tensor& product, const LanczosOptions& options) {
  LanczosResult& result = process.result;
  const std::int64_t size = result.size();
  if (!at::isfinite(product).all().item<bool>()) {
    result.is_finite = false;
    process.is_done = true;
    return;
  }
  const Tensor q = process.basis.select(1, size);
  const double alpha = q.dot(product).item<double>();
  Tensor rest = product.clone();
  process.project_out(rest, size + 1);
  double beta = rest.norm().item<double>();
  process.scale = std::max(process.scale, product.norm().item<double>());
  result.diagonal.push_back(alpha);
  const std::int64_t n = process.basis.size(0);
  const std::int64_t next = size + 1;
  const bool has_ended = beta <= 10 * kDoubleEpsilon * process.scale || next == n;
  if (has_ended) beta = 0;
  result.off_diagonal.push_back(beta);
  process.is_done = next == n || next + 1 >= process.basis.size(1);
  if (process.is_done) return;
  if (has_ended) {
    if (options.restart == nullptr) {
      process.is_done = true;
      return;
    }
    rest = options.restart->normal({n}, at::kDouble);
    process.project_out(rest, next);
    beta = rest.norm().item<double>();
  }
  process.basis.select(1, next).copy_(rest / beta);
}

void diagonalise(Process& process, bool vectors) {
  LanczosResult& result = process.result;
  const TridiagonalEigen eigen = tridiagonal_eigen(result.diagonal, result.off_diagonal, true);
  const std::int64_t size = result.size();
  result.values = eigen.values;
  if (vectors) result.vectors = process.filled(size).mm(eigen.vectors);
  if (size == 0) {
    result.residuals = result.weights = eigen.values;
    return;
  }
  result.weights = eigen.vectors.select(0, 0).square();
  result.residuals = (eigen.vectors.select(0, size - 1) * result.off_diagonal.back()).abs();
}

}  // namespace

std::vector<LanczosResult> lanczos(const LinearOperator& matrix, const Tensor& starts,
                                   const LanczosOptions& options) {
  const std::int64_t n = matrix.dim();
  if (starts.dim() != 2 || starts.size(0) != n || options.steps < 1) {
    throw Error(ErrorKind::kUsage, "Lanczos needs starting vectors [dim, p] and a step");
  }
  const std::int64_t steps = std::min(options.steps, n);
  std::vector<Process> processes(static_cast<std::size_t>(starts.size(1)));
  for (std::size_t i = 0; i < processes.size(); ++i) {
    const Tensor start = starts.select(1, static_cast<std::int64_t>(i));
    const double norm = start.norm().item<double>();
    if (!(norm > 0)) throw Error(ErrorKind::kUsage, "a starting vector of Lanczos is zero");
    processes[i].basis = at::zeros({n, steps + 1}, at::kDouble);
    processes[i].basis.select(1, 0).copy_(start / norm);
  }
  while (!options.stop()) {
    std::vector<Process*> open;
    std::vector<Tensor> latest;
    for (Process& process : processes) {
      if (process.is_done) continue;
      open.push_back(&process);
      latest.push_back(process.basis.select(1, process.result.size()));
    }
    if (open.empty()) break;
    const Tensor products = matrix.apply(at::stack(latest, 1));
    for (std::size_t i = 0; i < open.size(); ++i) {
      advance(*open[i], products.select(1, static_cast<std::int64_t>(i)), options);
    }
  }
  std::vector<LanczosResult> results;
  results.reserve(processes.size());
  for (Process& process : processes) {
    diagonalise(process, options.vectors);
    results.push_back(std::move(process.result));
  }
  return results;
}

}  // namespace oubli
