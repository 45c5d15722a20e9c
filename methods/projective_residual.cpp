// Projective residual update (PRU): least squares brought to the retrained model's predictions on
// what is forgotten, and left alone elsewhere.
//
//   Y^  = Y_u - (I - H)^-1 (Y_u - X_u B),   H = X_u A^-1 X_u',   B = A^-1 X'Y
//   A   = X'X + n_r l2 I,  X of all of D, with a column of ones for the bias
//   theta' = theta + X_u^+ (Y^ - X_u theta)
//
// Y^ are the retrained model's predictions on D_u, exactly, without its parameters; the step is the
// projection of the way to them onto the span of D_u's inputs, the smallest that gives them. It is
// exact once D_u spans everything. Source: Izzo et al. 2021 (arXiv 2002.10077), whose regulariser
// does not shrink as points leave: here it is n_r l2, that of the mean over what remains, and the
// two agree for l2 = 0. Directions of X_u'X_u with an eigenvalue below 1e-10 of the largest are
// left out. Sample weights are part of X and Y, as roots. Linear models under the squared error
// only: Error(kTask). Cost: n, a d x d factor, and m^2 d.
#include <ATen/ATen.h>

#include <optional>

#include "core/nn/linear_weights.h"
#include "core/unlearn/unlearner.h"

namespace oubli {
namespace {

LinearWeights linear_weights(const Model& model, const Objective& objective) {
  const std::optional<LinearWeights> weights = LinearWeights::of(model);
  if (weights && objective.loss == LossKind::kSquaredError) return *weights;
  throw Error(ErrorKind::kTask,
              "projective_residual is for linear models under the squared error: model: {name: "
              "linear}, loss: squared_error");
}

class ProjectiveResidual : public Unlearner {
 public:
  explicit ProjectiveResidual(const Settings&) {}

  std::optional<double> estimate_cost(const Task& task) const override {
    return static_cast<double>(task.train.size() + task.forget.size());
  }

  UnlearnReport unlearn(Model& model, const Task& task, Context& context) const override {
    const LinearWeights weights = linear_weights(model, task.objective());
    if (task.forget.empty()) return {};
    const auto [x_u, y_u] =
        rows(task.forget.batch(0, task.forget.size(), at::kDouble), weights, context);
    const Tensor theta = weights.matrix(model.theta());
    const Tensor predictions = retrained_predictions(task, weights, x_u, y_u, context);
    const auto [u, s, v] = at::linalg_svd(x_u, /*full_matrices=*/false);
    const Tensor used = s.square().gt(1e-10 * s[0].square());
    const Tensor inverse = at::where(used, 1 / s, at::zeros_like(s));
    const Tensor step =
        v.t().matmul(inverse.unsqueeze(1) * u.t().matmul(predictions - x_u.matmul(theta)));
    model.set_theta(weights.flat(theta + step));
    UnlearnReport report;
    report.details["directions"] = used.sum().item<std::int64_t>();
    return report;
  }

 private:
  struct Rows {
    Tensor x, y;
  };

  // Y^
  static Tensor retrained_predictions(const Task& task, const LinearWeights& weights,
                                      const Tensor& x_u, const Tensor& y_u, Context& context) {
    const std::int64_t d = x_u.size(1);
    Tensor a = at::zeros({d, d}, at::kDouble), b = at::zeros({d, y_u.size(1)}, at::kDouble);
    for (std::int64_t begin = 0; begin < task.train.size(); begin += kEvaluationBatch) {
      const auto [x, y] =
          rows(task.train.batch(begin, kEvaluationBatch, at::kDouble), weights, context);
      a.addmm_(x.t(), x);
      b.addmm_(x.t(), y);
    }
    const double left = task.train.total_weight() - task.forget.total_weight();
    a.diagonal().add_(task.objective().l2 * left);
    const auto [factor, info] = at::linalg_cholesky_ex(a);
    if (info.item<int>() != 0) {
      throw Error(ErrorKind::kTask,
                  "projective_residual: the training set does not determine the model, its inputs "
                  "are collinear: train with l2");
    }
    const Tensor full = at::cholesky_solve(b, factor);
    const Tensor hat = x_u.matmul(at::cholesky_solve(x_u.t(), factor));
    const Tensor without = at::eye(hat.size(0), at::kDouble) - hat;
    return y_u - at::linalg_solve(without, y_u - x_u.matmul(full));
  }

  static Rows rows(const Batch& batch, const LinearWeights& weights, Context& context) {
    Tensor x = weights.inputs(batch.inputs), y = batch.targets;
    if (batch.weights.defined()) {
      const Tensor root = batch.weights.sqrt().unsqueeze(1);
      x = x * root;
      y = y * root;
    }
    context.cost.add_gradients(batch.size());
    return {x, y};
  }
};

}  // namespace

MethodInfo projective_residual_method() {
  return {.name = "projective_residual",
          .summary = "linear regression: the retrained predictions on the forget set, no more",
          .reference = "Izzo et al. 2021, arXiv 2002.10077",
          .definition =
              "theta + X_u^+ (Y^ - X_u theta), X_u the forget set's inputs with a column of ones, "
              "X_u^+ its pseudo-inverse, Y^ = Y_u - (I - H)^-1 (Y_u - X_u B) the retrained model's "
              "predictions on it, H = X_u A^-1 X_u', B = A^-1 X'Y, A = X'X + n_r l2 I.",
          .needs_retain_data = true,
          .needs_forget_data = true,
          .supports_adding = false,
          .make = make_unlearner<ProjectiveResidual>};
}

}  // namespace oubli
