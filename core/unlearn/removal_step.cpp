#include "core/unlearn/removal_step.h"

#include <ATen/ATen.h>

#include "core/unlearn/convex_constants.h"
#include "core/unlearn/example_blocks.h"
#include "core/unlearn/linear_solve.h"

namespace oubli {
namespace {

// [outputs, d, d] times [d, outputs], a column for each block.
Tensor times_columns(const Tensor& blocks, const Tensor& columns) {
  return at::bmm(blocks, columns.t().unsqueeze(2)).squeeze(2).t();
}

// |X v| of each column v is not above; [outputs].
Tensor lengths_along(const NewtonRecord& record, const Tensor& step) {
  const Tensor along = record.gram.matmul(step.to(at::kFloat)).to(at::kDouble);
  const Tensor squares = (along * step).sum(0).clamp_min(0);
  return (squares + record.gram_error * step.square().sum(0)).sqrt();
}

double norm_of(const Tensor& tensor) { return tensor.norm().item<double>(); }

BlockOperator inverse_near(const LinearHessian& hessian, const NewtonRecord& record,
                           std::int64_t left, CostMeter& cost) {
  if (record.has_inverse()) {
    return BlockOperator(record.inverse_mean, 1 / static_cast<double>(left));
  }
  Tensor inverse = inverse_of_blocks(hessian.blocks());
  cost.add_products(static_cast<double>(inverse.size(1)), left);
  return BlockOperator(std::move(inverse));
}

}  // namespace

RemovalStep looked_step(const LinearPlace& place, const Subset& left, const Tensor& b,
                        const NewtonRecord& record, double tolerance, CostMeter& cost) {
  const LinearHessian hessian(place.weights, place.w, left, place.objective);
  const BlockOperator inverse = inverse_near(hessian, record, left.size(), cost);
  const LinearSolution solution = solve_near(hessian, b, inverse, tolerance);
  cost.add_gradients(solution.passes * left.size());
  const double gamma = largest_third_derivative(place.objective.loss);
  const Tensor& along = solution.image.along;
  return {.step = solution.step,
          .bound = solution.left + gamma / 2 * record.largest_singular * norm_of(along.square()),
          .lengths = norm_of(solution.step.norm(2, 0) * along.norm(2, 0)),
          .passes = solution.passes};
}

Look look_of_training(const NewtonRecord& record) {
  if (!record.has_inverse()) return {};
  return {record.weights, at::zeros({record.weights.size(1)}, at::kDouble), {}};
}

Look look_at(const LinearPlace& place, const Subset& left, const NewtonRecord& record,
             CostMeter& cost) {
  const std::int64_t outputs = place.w.size(1);
  const Tensor both = at::cat({place.w, place.w - record.weights}, 1);
  const Tensor moved = at::empty({left.size(), outputs}, at::kDouble);
  Tensor gradient =
      sum_over_blocks(left, place.w.sizes(), [&](const Batch& batch, std::int64_t begin) {
        const Tensor seen = place.weights.outputs(batch.inputs, both);
        moved.narrow(0, begin, batch.size()).copy_(seen.narrow(1, outputs, outputs));
        const Tensor slopes =
            place.objective.output_gradients(seen.narrow(1, 0, outputs), batch.targets);
        return place.weights.pulled_back(batch.inputs, slopes);
      });
  cost.add_gradients(left.size());
  const double ridge = place.objective.l2 * static_cast<double>(left.size());
  return {place.w, moved.abs().amax(0), gradient.add_(place.w, ridge)};
}

RecordedHessian::RecordedHessian(const LinearPlace& place, const NewtonRecord& record,
                                 const Subset& removed, std::int64_t left)
    : place_(place),
      record_(record),
      x_(place.weights.inputs(removed.batch(0, removed.size(), at::kDouble).inputs)),
      left_(static_cast<double>(left)),
      ridge_(place.objective.l2 * static_cast<double>(removed.size())) {
  const Tensor outputs = x_.matmul(record.weights);
  curvatures_ = place.objective.output_hessian_product(outputs, {}, at::ones_like(outputs));
}

Tensor RecordedHessian::of_removed(const Tensor& v) const {
  return x_.t().matmul(x_.matmul(v).mul_(curvatures_)).add_(v, ridge_);
}

RemovalStep RecordedHessian::step(const Tensor& b, const Look& last, double tolerance,
                                  CostMeter& cost) const {
  constexpr int kCorrections = 50;
  const double enough = tolerance * norm_of(b), scale = record_.examples / left_;
  Tensor step = at::zeros_like(b), reached = at::zeros_like(b), residual = b;
  double added = 0;
  for (int k = 0; k < kCorrections && norm_of(residual) > enough; ++k) {
    const Tensor next = step + times_columns(record_.inverse_mean, residual) / left_;
    const Tensor next_reached = reached + scale * residual;
    const Tensor next_residual = b - next_reached + of_removed(next);
    cost.add_gradients(x_.size(0));
    // Where more left than stayed, corrections may lead away: the best step counts.
    if (!(norm_of(next_residual) < norm_of(residual))) break;
    added += scale * norm_of(residual);
    step = next;
    reached = next_reached;
    residual = next_residual;
  }
  const double solved = norm_of(residual) + record_.inverse_error * added;
  const Tensor along = lengths_along(record_, step), length = step.norm(2, 0);
  const Tensor moved = (place_.w - last.weights).norm(2, 0) + length / 2;
  const Tensor drift = along * (last.farthest + record_.longest * moved);
  const double gamma = largest_third_derivative(place_.objective.loss);
  return {.step = step,
          .bound = gamma == 0 ? solved : solved + gamma * record_.largest_singular * norm_of(drift),
          .lengths = norm_of(along * length)};
}

Tensor summed_gradient(const LinearPlace& place, const Subset& subset, CostMeter& cost) {
  const Batch batch = subset.batch(0, subset.size(), at::kDouble);
  const Tensor x = place.weights.inputs(batch.inputs);
  cost.add_gradients(batch.size());
  return x.t()
      .matmul(place.objective.output_gradients(x.matmul(place.w), batch.targets))
      .add(place.w, place.objective.l2 * static_cast<double>(subset.size()));
}

}  // namespace oubli
