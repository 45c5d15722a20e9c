#include "core/attribution/training_adjoint.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <vector>

#include "core/base/error.h"
#include "core/base/machine_limits.h"
#include "core/curvature/example_gradients.h"
#include "core/nn/linear_weights.h"
#include "core/unlearn/watched_training.h"

namespace oubli {
namespace {

// A training, step by step.
struct RecordedTraining {
  Tensors thetas;     // before each step
  Tensors positions;  // of the batch in the training set
  std::vector<double> rates;
};

RecordedTraining record_training(Model& model, const Subset& train, const TrainingRecipe& recipe,
                                 const Generator& training, Context& context) {
  RecordedTraining record;
  const Tensor order = train.rows.argsort();
  const Tensor sorted = train.rows.index_select(0, order);
  Context own(training.seed());
  own.stop = context.stop;
  train_watched(
      model, train, recipe, own,
      [&](std::int64_t batches) {
        const double bytes = static_cast<double>(batches * recipe.epochs) *
                             static_cast<double>(model.theta().nbytes());
        if (bytes <= static_cast<double>(context.memory)) return;
        throw Error(ErrorKind::kUsage,
                    fmt::format("the record of {} steps of {} parameters takes {:.1f} GB, and "
                                "{:.1f} are there for it: take fewer epochs or a smaller network",
                                batches * recipe.epochs, model.dim(), bytes / 1e9,
                                static_cast<double>(context.memory) / 1e9));
      },
      [&](const WatchedStep& step) {
        const at::NoGradGuard no_grad;
        record.thetas.push_back(model.theta().clone());
        record.positions.push_back(
            order.index_select(0, at::searchsorted(sorted, step.batch.rows)));
        record.rates.push_back(step.rate);
      });
  context.cost.add_gradients(train.size() * recipe.epochs);
  return record;
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
  const std::int64_t batch_size = examples_at_a_time(model, tests, 1);
  for (std::int64_t begin = 0; begin < tests.size(); begin += batch_size) {
    const Batch batch = tests.batch(begin, batch_size, model.dtype());
    const auto net = model.linearise(batch.inputs);
    const at::NoGradGuard no_grad;
    net->adjoint(loss.output_gradients(net->output(), batch.targets),
                 {.sums = nullptr, .input = false, .keep = true});
    const Tensor each = example_gradients(model, *net, 0, batch.size());
    for (std::size_t k = 0; k < all.size(); ++k) {
      const ParameterInfo& info = model.parameter_infos()[k];
      const Tensor part = all[k].narrow(0, begin, batch.size());
      part.copy_(each.narrow(1, info.offset, info.size).reshape(part.sizes()));
    }
    cost.add_gradients(batch.size());
  }
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
    const Tensor curved = loss_.output_hessian_product(repeated, moved.view({-1, out}))
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
    Tensors unused = of_test(zero_adjoints(model_, 1), 0);
    net->adjoint(g, {.sums = &unused, .input = false, .keep = true});
    const auto scale = static_cast<double>(batch.size());
    Tensors along;
    for (std::int64_t t = 0; t < p[0].size(0); ++t) {
      const Tensors direction = of_test(p, t);
      const Tensor moved = net->tangent({}, direction, /*keep=*/true);
      along.push_back((g * moved).sum(1));
      Tensors curved = of_test(zero_adjoints(model_, 1), 0);
      net->adjoint_tangent(loss_.output_hessian_product(outputs, moved), direction, curved,
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
  const RecordedTraining record = record_training(model, train, recipe, training, context);
  const Objective loss{recipe.objective.loss, 0};
  const std::int64_t count = tests.size();
  Adjoints a = test_gradients(model, tests, loss, context.cost);  // in theta
  Adjoints p = zero_adjoints(model, count), u = zero_adjoints(model, count);
  const BatchProducts products(model, loss);
  Tensor effect = at::zeros({train.size(), count}, at::kDouble);
  Tensor regulariser = at::zeros({count}, at::kDouble);
  const auto steps = static_cast<std::int64_t>(record.rates.size());
  for (std::int64_t s = steps - 1; s >= 0; --s) {
    if (context.should_stop()) return {};
    const auto at = static_cast<std::size_t>(s);
    model.set_theta(record.thetas[at]);
    const Batch batch = train.batch_at(record.positions[at], model.dtype());
    for (std::size_t k = 0; k < p.size(); ++k) {
      p[k].copy_(u[k]).add_(a[k], -record.rates[at]);
    }
    const Tensor along = products.add(batch, p, a).to(at::kDouble);
    const Tensor of_theta = recipe.objective.l2 * products_with_theta(model, p);
    const Tensor lost = batch.size() == 1
                            ? along + of_theta
                            : (along - along.mean(0)) / static_cast<double>(batch.size() - 1);
    effect.index_add_(0, record.positions[at], lost, -1);
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
