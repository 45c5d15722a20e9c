#include "core/train/least_squares.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <limits>

#include "core/base/error.h"
#include "core/nn/linear_weights.h"

namespace oubli {

bool is_least_squares(const Model& model, const Objective& objective) {
  return objective.loss == LossKind::kSquaredError && LinearWeights::of(model).has_value() &&
         model.buffer_infos().empty();
}

std::string solve_least_squares(Model& model, const Subset& subset, const Objective& objective,
                                CostMeter& cost) {
  if (!is_least_squares(model, objective)) {
    throw Error(ErrorKind::kUsage, "least_squares is for linear models under the squared error");
  }
  const at::NoGradGuard no_grad;
  const LinearWeights weights = *LinearWeights::of(model);
  constexpr std::int64_t kRows = 4096;
  Tensor moment, target;
  for (std::int64_t begin = 0; begin < subset.size(); begin += kRows) {
    const Batch batch = subset.batch(begin, kRows, at::kDouble);
    const Tensor x = weights.inputs(batch.inputs);
    const Tensor left = batch.weights.defined() ? x * batch.weights.unsqueeze(1) : x;
    const Tensor own_moment = at::mm(left.t(), x), own_target = at::mm(left.t(), batch.targets);
    moment = moment.defined() ? moment.add_(own_moment) : own_moment;
    target = target.defined() ? target.add_(own_target) : own_target;
    cost.add_gradients(batch.size());
  }
  moment.div_(subset.total_weight());
  target.div_(subset.total_weight());
  moment.diagonal().add_(objective.l2);
  const auto [factor, info] = at::linalg_cholesky_ex(moment);
  // A singular matrix may pass by rounding, with pivots of its size.
  const double rounding = std::numeric_limits<double>::epsilon() *
                          static_cast<double>(moment.size(0)) *
                          moment.diagonal().max().item<double>();
  const bool is_regular =
      info.item<std::int64_t>() == 0 && factor.diagonal().square().min().item<double>() > rounding;
  if (is_regular) {
    model.set_theta(weights.flat(at::cholesky_solve(target, factor)));
    return "";
  }
  model.set_theta(weights.flat(at::mm(at::linalg_pinv(moment, 1e-12, /*hermitian=*/true), target)));
  return "there are more minima than one, of which this is that of least norm; set l2 above 0";
}

}  // namespace oubli
