#include "core/attribution/training_adjoint.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "core/base/error.h"
#include "core/base/machine_limits.h"
#include "core/curvature/example_gradients.h"
#include "core/nn/linear_weights.h"
#include "core/train/batches.h"
#include "core/unlearn/training_procedure.h"
#include "core/unlearn/training_trajectory.h"

namespace oubli {
namespace {

// Trains the model, and writes it down step by step.
Trajectory recorded_training(Model& model, const Subset& train, const TrainingRecipe& recipe,
                             const Generator& training, Context& context) {
  const BatchOptions options{.batch_size = recipe.batch_size,
                             .drop_last = recipe.drop_last,
                             .shared_order = recipe.shared_order,
                             .epochs = recipe.epochs,
                             .dtype = model.dtype()};
  const std::int64_t steps =
      BatchStream(train, options, training, training).batches() * recipe.epochs;
  const double bytes = static_cast<double>(steps) * static_cast<double>(model.theta().nbytes());
  if (bytes > static_cast<double>(context.memory)) {
    throw Error(
        ErrorKind::kUsage,
        fmt::format("the record of {} steps of {} parameters takes {:.1f} GB, and {:.1f} "
                    "are there for it: take fewer epochs or a smaller network",
                    steps, model.dim(), bytes / 1e9, static_cast<double>(context.memory) / 1e9));
  }
  Context own(training.seed());
  own.stop = context.stop;
  MethodState record;
  train_by_plan(model, train, with_trajectory({recipe}, /*gradients=*/false, kMostCount), own,
                record);
  context.cost.add(own.cost);
  return Trajectory::of(record);
}

// Derivatives of all tests in one vector of parameters: for each parameter [tests, its shape].
using Adjoints = Tensors;

Adjoints zero_adjoints(const Model& model, std::int64_t tests) {
  Adjoints all;
  for (const Tensor& parameter : model.parameters()) {
    std::vector<std::int64_t> shape = {tests};
    shape.insert(shape.end(), parameter.sizes().begin(), parameter.sizes().end());
    all.push_back(at::zeros(shape, parameter.options().requires_grad(false)));
  }
  return all;
}

Tensors of_test(const Adjoints& all, std::int64_t test) {
  Tensors own;
  own.reserve(all.size());
  for (const Tensor& each : all) own.push_back(each[test]);
  return own;
}

// The gradient of each test's loss at the end.
Adjoints test_gradients(const Model& model, const Subset& tests, const Objective& loss,
                        CostMeter& cost) {
  Adjoints all = zero_adjoints(model, tests.size());
  visit_example_gradients(model, tests, loss, cost, [&](const ExampleGradients& some) {
    for (std::size_t k = 0; k < all.size(); ++k) {
      const ParameterInfo& info = model.parameter_infos()[k];
      const Tensor part = all[k].narrow(0, some.begin, some.batch.size());
      part.copy_(some.gradients.narrow(1, info.offset, info.size).reshape(part.sizes()));
    }
  });
  return all;
}

// Of one batch at the model's present parameters, with p: adds H_B p to `sums`, and returns p . g_i
// for each example and test [b, tests].
class BatchProducts {
 public:
  BatchProducts(const Model& model, const Objective& loss) : model_(model), loss_(loss) {
    // In the order of a flat vector: the weight, then a bias.
    if (const auto linear = LinearWeights::of(model)) {
      const bool is_plain = linear->bias == nullptr || linear->weight->offset == 0;
      if (is_plain && model.buffer_infos().empty()) linear_ = linear;
    }
  }

  Tensor add(const Batch& batch, const Adjoints& p, Adjoints& sums) const {
    const at::NoGradGuard no_grad;
    return linear_ ? add_linear(batch, p, sums) : add_by_test(batch, p, sums);
  }

 private:
  // Outputs x W' + c: along each p they move by x P' + q.
  Tensor add_linear(const Batch& batch, const Adjoints& p, Adjoints& sums) const {
    const Tensor x = batch.inputs.flatten(1);
    const Tensor outputs = model_.forward(batch.inputs);
    const std::int64_t b = x.size(0), out = outputs.size(1), tests = p[0].size(0);
    Tensor moved = at::mm(x, p[0].view({tests * out, -1}).t());  // [b, tests out]
    if (linear_->bias != nullptr) moved.add_(p[1].view({tests * out}));
    const Tensor g = loss_.output_gradients(outputs, batch.targets);
    const Tensor along = at::bmm(moved.view({b, tests, out}), g.unsqueeze(2)).squeeze(2);
    const Tensor repeated = outputs.unsqueeze(1).expand({b, tests, out}).reshape({-1, out});
    const Tensor curved = loss_.output_hessian_product(repeated, {}, moved.view({-1, out}))
                              .view({b, tests * out})
                              .div_(static_cast<double>(b));
    sums[0].view({tests * out, -1}).addmm_(curved.t(), x);
    if (linear_->bias != nullptr) sums[1].view({tests * out}).add_(curved.sum(0));
    return along;
  }

  Tensor add_by_test(const Batch& batch, const Adjoints& p, Adjoints& sums) const {
    const auto net = model_.linearise(batch.inputs);
    const Tensor& outputs = net->output();
    const Tensor g = loss_.output_gradients(outputs, batch.targets);
    net->adjoint(g, {.sums = nullptr, .input = false, .keep = true});
    const auto scale = static_cast<double>(batch.size());
    Tensors along;
    for (std::int64_t t = 0; t < p[0].size(0); ++t) {
      const Tensors direction = of_test(p, t);
      const Tensor moved = net->tangent({}, direction, /*keep=*/true);
      along.push_back((g * moved).flatten(1).sum(1));
      Tensors curved = of_test(zero_adjoints(model_, 1), 0);
      net->adjoint_tangent(loss_.output_hessian_product(outputs, batch.targets, moved), direction,
                           curved,
                           /*input=*/false);
      const Tensors into = of_test(sums, t);
      for (std::size_t k = 0; k < curved.size(); ++k) into[k].add_(curved[k], 1 / scale);
    }
    return at::stack(along, 1);
  }

  const Model& model_;
  Objective loss_;
  std::optional<LinearWeights> linear_;
};

// p . theta of each test.
Tensor products_with_theta(const Model& model, const Adjoints& p) {
  Tensor sum = at::zeros({p[0].size(0)}, at::kDouble);
  for (std::size_t k = 0; k < p.size(); ++k) {
    sum.add_(at::mv(p[k].flatten(1), model.parameters()[k].detach().flatten()).to(at::kDouble));
  }
  return sum;
}

void require_memory_for_adjoints(const Model& model, std::int64_t tests) {
  const double bytes =
      3.0 * static_cast<double>(model.theta().nbytes()) * static_cast<double>(tests);
  const std::string shortage = memory_shortage(
      bytes, fmt::format("the derivatives of {} tests in {} parameters", tests, model.dim()));
  if (!shortage.empty()) throw Error(ErrorKind::kUsage, shortage + " Ask about fewer tests.");
}

}  // namespace

void require_differentiable(const Model& model, const Subset& train, const TrainingRecipe& recipe) {
  const auto fail = [](const std::string& found, const std::string& instead) {
    throw Error(ErrorKind::kTask,
                fmt::format("unrolled goes back through steps of descent; here {}. Write '{}' "
                            "under 'train', or leave it out.",
                            found, instead));
  };
  const OptimizerSettings& optimizer = recipe.optimizer;
  if (optimizer.name != "sgd") {
    fail("the optimiser is " + optimizer.name, "optimizer: {name: sgd, lr: ...}");
  }
  if (optimizer.nesterov) fail("the momentum is Nesterov's", "optimizer: {nesterov: false, ...}");
  if (recipe.clip_norm > 0) fail("gradients are clipped", "clip_norm: 0");
  if (recipe.augmentation.any()) fail("inputs are augmented", "augment: {}");
  if (train.weights.defined()) {
    throw Error(ErrorKind::kTask, "unrolled takes every example alike, and these have weights");
  }
  try {
    model.linearise(train.batch(0, 1, model.dtype()).inputs, PassMode::kTraining);
  } catch (const Error& error) {
    throw Error(ErrorKind::kTask,
                fmt::format("unrolled goes back through gradients of separate examples, and this "
                            "network has none: {}",
                            error.what()));
  }
}

Tensor training_adjoint(Model& model, const Subset& train, const Subset& tests,
                        const TrainingRecipe& recipe, const Generator& training, Context& context) {
  require_differentiable(model, train, recipe);
  require_memory_for_adjoints(model, tests.size());
  const Trajectory trajectory = recorded_training(model, train, recipe, training, context);
  const Tensors batches = trajectory.batches();
  const Tensor order = train.rows.argsort(), sorted = train.rows.index_select(0, order);
  const Objective loss{recipe.objective.loss, 0};
  const std::int64_t count = tests.size();
  Adjoints a = test_gradients(model, tests, loss, context.cost);  // in theta
  Adjoints p = zero_adjoints(model, count), u = zero_adjoints(model, count);
  const BatchProducts products(model, loss);
  Tensor effect = at::zeros({train.size(), count}, at::kDouble);
  Tensor regulariser = at::zeros({count}, at::kDouble);
  const std::int64_t steps = trajectory.steps();
  for (std::int64_t s = steps - 1; s >= 0; --s) {
    if (context.should_stop()) return {};
    model.set_theta(trajectory.thetas[s]);
    const Tensor positions =
        order.index_select(0, at::searchsorted(sorted, batches[static_cast<std::size_t>(s)]));
    const Batch batch = train.batch_at(positions, model.dtype());
    for (std::size_t k = 0; k < p.size(); ++k) {
      p[k].copy_(u[k]).add_(a[k], -trajectory.rate(s));
    }
    const Tensor along = products.add(batch, p, a).to(at::kDouble);
    const Tensor of_theta = recipe.objective.l2 * products_with_theta(model, p);
    const Tensor lost = batch.size() == 1
                            ? along + of_theta
                            : (along - along.mean(0)) / static_cast<double>(batch.size() - 1);
    effect.index_add_(0, positions, lost, -1);
    regulariser.add_(of_theta);
    for (std::size_t k = 0; k < p.size(); ++k) {
      if (recipe.objective.l2 > 0) a[k].add_(p[k], recipe.objective.l2);
      u[k].copy_(p[k]).mul_(recipe.optimizer.momentum);
    }
    context.cost.add_products(6.0 * static_cast<double>(count), batch.size());
    if (s % 64 == 0) context.progress(1 - static_cast<double>(s) / static_cast<double>(steps));
  }
  return effect + regulariser / static_cast<double>(std::max<std::int64_t>(1, train.size() - 1));
}

}  // namespace oubli
