#include "core/unlearn/replay.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <cmath>
#include <optional>

#include "core/curvature/lbfgs_hessian.h"
#include "core/train/batch_gradient.h"

namespace oubli {
namespace {

constexpr double kLongest = 10;  // |B v| over |v| max |y| / |s|

// Rows of a step's batch.
struct StepRows {
  Tensor removed, left, added;

  std::int64_t remaining() const { return left.numel() + added.numel(); }
  std::int64_t before() const { return left.numel() + removed.numel(); }
};

std::vector<StepRows> rows_of_steps(const Trajectory& recorded, const Task& task, Generator draws) {
  const Tensor forgotten = std::get<0>(task.forget.rows.sort());
  const Tensors batches = recorded.batches();
  std::vector<StepRows> steps;
  Tensor place;  // of each added example: the batch of the epoch that it goes into
  for (std::size_t t = 0; t < batches.size(); ++t) {
    const std::int64_t within = static_cast<std::int64_t>(t) % recorded.steps_per_epoch;
    if (within == 0) place = draws.integers(0, recorded.steps_per_epoch, {task.added.size()});
    const Tensor is_removed = is_among(batches[t], forgotten);
    steps.push_back({batches[t].masked_select(is_removed),
                     batches[t].masked_select(is_removed.logical_not()),
                     task.added.empty() ? at::empty({0}, at::kLong)
                                        : task.added.rows.masked_select(place.eq(within))});
  }
  return steps;
}

class Replayer {
 public:
  Replayer(const ReplaySettings& settings, const Trajectory& recorded, const Task& task,
           Model& model, Context& context)
      : settings_(settings),
        recorded_(recorded),
        task_(task),
        model_(model),
        context_(context),
        dropout_(context.generator.stream("dropout")),
        gradient_of_(model, task.objective()),
        optimizer_(make_optimizer(task.recipe.optimizer)),
        history_(settings.history) {}

  Replay run() {
    const at::NoGradGuard no_grad;
    const std::vector<StepRows> steps =
        rows_of_steps(recorded_, task_, context_.generator.stream("added"));
    Trajectory& after = replay_.trajectory;
    after.thetas = at::empty_like(recorded_.thetas);
    after.gradients = at::empty_like(recorded_.gradients);
    after.rates = recorded_.rates;
    after.steps_per_epoch = recorded_.steps_per_epoch;
    model_.set_theta(recorded_.thetas[0]);
    Tensors rows;
    std::vector<std::int64_t> sizes;
    for (std::int64_t t = 0; t < recorded_.steps(); ++t) {
      if ((replay_.is_stopped = context_.should_stop())) return std::move(replay_);
      context_.progress(static_cast<double>(t) / static_cast<double>(recorded_.steps()));
      const StepRows& step = steps[static_cast<std::size_t>(t)];
      after.thetas[t].copy_(model_.theta());
      after.gradients[t].copy_(take(t, step));
      rows.push_back(at::cat({step.left, step.added}));
      sizes.push_back(step.remaining());
    }
    after.thetas[recorded_.steps()].copy_(model_.theta());
    after.rows = rows.empty() ? recorded_.rows : at::cat(rows);
    after.sizes = at::tensor(sizes, at::kLong);
    return std::move(replay_);
  }

 private:
  // One step; the gradient that it went along, without l2.
  Tensor take(std::int64_t t, const StepRows& rows) {
    if (rows.remaining() == 0) {
      ++replay_.emptied;
      return at::zeros_like(model_.theta());
    }
    const Tensor v = model_.theta().to(at::kDouble) - recorded_.thetas[t];
    std::optional<Tensor> full;  // g_B(theta'_t)
    if (!settings_.is_explicit(t)) {
      full = approximate(t, v);
      ++(full ? replay_.approximate_steps : replay_.fallbacks);
    }
    const Tensor mean = full ? corrected(*full, rows) : exact(t, v, rows);
    Tensor gradient = mean.clone();
    if (task_.objective().l2 > 0) gradient.add_(model_.theta(), task_.objective().l2);
    optimizer_->step(model_.theta(), gradient, recorded_.rate(t));
    return mean;
  }

  std::optional<Tensor> approximate(std::int64_t t, const Tensor& v) const {
    const double length = v.norm().item<double>();
    if (length == 0) return recorded_.gradients[t];
    if (history_.empty()) return std::nullopt;
    const Tensor change = history_.times(v);
    const double size = change.norm().item<double>();
    if (!(size <= kLongest * history_.steepest() * length)) return std::nullopt;
    if (v.dot(change).item<double>() < 0) return std::nullopt;
    return recorded_.gradients[t] + change;
  }

  // From the mean over the batch as it was to that over what it is.
  Tensor corrected(const Tensor& full, const StepRows& rows) {
    if (rows.removed.numel() == 0 && rows.added.numel() == 0) return full.to(model_.dtype());
    const Tensor sum = full.to(at::kDouble) * static_cast<double>(rows.before()) -
                       sum_of_gradients(rows.removed) + sum_of_gradients(rows.added);
    return (sum / static_cast<double>(rows.remaining())).to(model_.dtype());
  }

  Tensor exact(std::int64_t t, const Tensor& v, const StepRows& rows) {
    ++replay_.explicit_steps;
    const Tensor left = rows.left.numel() > 0 ? mean_gradient(rows.left) : Tensor();
    const Tensor sum_left = left.defined()
                                ? left.to(at::kDouble) * static_cast<double>(rows.left.numel())
                                : at::zeros({model_.dim()}, at::kDouble);
    const Tensor full =
        (sum_left + sum_of_gradients(rows.removed)) / static_cast<double>(rows.before());
    if (v.ne(0).any().item<bool>() && !history_.add(v, full - recorded_.gradients[t])) {
      ++replay_.flat_pairs;
    }
    if (rows.added.numel() == 0) return left;
    const Tensor sum = sum_left + sum_of_gradients(rows.added);
    return (sum / static_cast<double>(rows.remaining())).to(model_.dtype());
  }

  // In training's own arithmetic, in the batch's order: the same bits.
  Tensor mean_gradient(const Tensor& rows) {
    const Batch batch = task_.train.with_rows(rows).batch(0, rows.numel(), model_.dtype());
    context_.cost.add_gradients(rows.numel());
    const at::AutoGradMode on(true);
    return gradient_of_.at(LossTerm(batch, {}), dropout_).clone();
  }

  Tensor sum_of_gradients(const Tensor& rows) {
    if (rows.numel() == 0) return at::zeros({model_.dim()}, at::kDouble);
    return mean_gradient(rows).to(at::kDouble) * static_cast<double>(rows.numel());
  }

  const ReplaySettings& settings_;
  const Trajectory& recorded_;
  const Task& task_;
  Model& model_;
  Context& context_;
  Generator dropout_;
  BatchGradient gradient_of_;
  std::unique_ptr<Optimizer> optimizer_;
  LbfgsHessian history_;
  Replay replay_;
};

}  // namespace

Json Replay::to_json() const {
  return {{"explicit_steps", explicit_steps},
          {"approximate_steps", approximate_steps},
          {"fallbacks", fallbacks},
          {"flat_pairs", flat_pairs},
          {"batches_emptied", emptied}};
}

Replay replay_without(const ReplaySettings& settings, const Trajectory& recorded, const Task& task,
                      Model& model, Context& context) {
  return Replayer(settings, recorded, task, model, context).run();
}

}  // namespace oubli
