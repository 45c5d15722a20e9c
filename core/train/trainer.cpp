#include "core/train/trainer.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <fmt/format.h>

#include <chrono>
#include <limits>

#include "core/train/batch_gradient.h"
#include "core/train/lbfgs.h"

namespace oubli {
namespace {

// How many batches are gathered and normalised at once, as much as stays in a cache: of small
// examples many, so that the handful of operations this takes is not paid for each step.
std::int64_t gathered_batches(const Subset& subset, const TrainingRecipe& recipe,
                              std::int64_t bytes_of_value) {
  constexpr std::int64_t kBytes = 1 << 19;
  const Dataset& data = *subset.dataset;
  const std::int64_t bytes = data.inputs.numel() / data.size() * bytes_of_value;
  return std::max<std::int64_t>(1, kBytes / (recipe.batch_size * bytes));
}

// Every gradient is one vector, so an optimiser's step is one pass over contiguous memory whatever
// the number of layers.
void run_epochs(Model& model, const Subset& whole, const TrainingRecipe& recipe, Context& context,
                TrainingReport& report) {
  const Subset subset = whole.with_unit_mean_weights();
  Generator order = context.generator.stream("order");
  Generator augmentation = context.generator.stream("augmentation");
  Generator dropout = context.generator.stream("dropout");
  const std::unique_ptr<Optimizer> optimizer = make_optimizer(recipe.optimizer);
  BatchGradient gradient_of(model, recipe.objective);
  const std::int64_t all = subset.size(), rest = all % recipe.batch_size;
  const std::int64_t n = recipe.drop_last && rest < all ? all - rest : all;
  const std::int64_t per_epoch = (n + recipe.batch_size - 1) / recipe.batch_size;
  const std::int64_t steps = per_epoch * recipe.epochs;
  const std::int64_t gathered =
      recipe.batch_size * gathered_batches(subset, recipe, model.theta().element_size());
  std::int64_t step = 0;
  for (std::int64_t epoch = 0; epoch < recipe.epochs; ++epoch) {
    const Tensor positions = order.permutation(all);
    Batch several;
    for (std::int64_t begin = 0; begin < n; begin += recipe.batch_size, ++step) {
      const std::int64_t count = std::min(recipe.batch_size, n - begin);
      if (begin % gathered == 0) {
        several = subset.batch_at(positions.narrow(0, begin, std::min(gathered, n - begin)),
                                  model.dtype());
      }
      Batch batch = several.narrow(begin % gathered, count);
      if (recipe.augmentation.any()) {
        batch.inputs = augment(batch.inputs, recipe.augmentation, augmentation);
      }
      Tensor gradient = gradient_of.at(batch, dropout);
      const at::NoGradGuard no_grad;
      if (recipe.clip_norm > 0) {
        const double norm = gradient.norm().item<double>();
        if (norm > recipe.clip_norm) gradient.mul_(recipe.clip_norm / norm);
      }
      optimizer->step(model.theta(), gradient,
                      recipe.optimizer.lr * recipe.schedule.at(step, steps, epoch));
      context.cost.add_gradients(count);
    }
    report.epochs = static_cast<double>(epoch + 1);
    context.progress(report.epochs / static_cast<double>(recipe.epochs));
    // Once a parameter is not finite it stays so: one look at the end of an epoch finds it.
    if (!at::isfinite(model.theta()).all().item<bool>()) {
      report.status = TrainingStatus::kDiverged;
      report.message = fmt::format(
          "a parameter is not finite after epoch {} of {} at learning rate {}; lower it or clip "
          "gradients",
          epoch + 1, recipe.epochs, recipe.optimizer.lr);
      return;
    }
    if (epoch + 1 < recipe.epochs && context.should_stop()) {
      report.status = TrainingStatus::kStopped;
      report.message = fmt::format("stopped after {} of {} epochs", epoch + 1, recipe.epochs);
      return;
    }
  }
}

// Whether each example's own class has the largest score, by more than nothing.
bool classifies_all(const Model& model, const Subset& subset, const Objective& objective) {
  CostMeter reporting;
  const Tensor scores = objective.class_scores(predict(model, subset, reporting));
  const Tensor classes =
      subset.dataset->targets.index_select(0, subset.rows).to(at::kLong).unsqueeze(1);
  const Tensor others = scores.scatter(1, classes, -std::numeric_limits<double>::infinity());
  return (scores.gather(1, classes) > others.amax(1, /*keepdim=*/true)).all().item<bool>();
}

bool has_absent_class(const Subset& subset) {
  const Tensor labels = subset.dataset->targets.index_select(0, subset.rows);
  return at::bincount(labels, {}, subset.dataset->outputs).eq(0).any().item<bool>();
}

// Without l2 a classifier's loss may fall without end. Empty where that is not seen.
std::string why_no_minimum(const Model& model, const Subset& subset, const Objective& objective) {
  if (objective.l2 > 0 || objective.loss == LossKind::kSquaredError) return "";
  if (has_absent_class(subset)) {
    return "a class has no example here, and without l2 its probability falls without end";
  }
  if (classifies_all(model, subset, objective)) {
    return fmt::format(
        "all {} examples are classified right, and without l2 larger parameters lower the loss "
        "without end",
        subset.size());
  }
  return "";
}

void run_lbfgs(Model& model, const Subset& subset, const TrainingRecipe& recipe, Context& context,
               TrainingReport& report) {
  const SmoothFunction function = [&](const Tensor& x, Tensor& gradient) {
    model.set_theta(x);
    ObjectiveValue value = value_and_gradient(model, subset, recipe.objective, context.cost);
    gradient = value.gradient;
    return value.objective;
  };
  Tensor x = model.theta().to(at::kDouble, /*non_blocking=*/false, /*copy=*/true);
  const LbfgsReport solved = minimise_lbfgs(
      function, x,
      {recipe.optimizer.tolerance, recipe.optimizer.max_iterations, recipe.optimizer.memory},
      [&] { return context.should_stop(); });
  model.set_theta(x);
  report.epochs = static_cast<double>(solved.evaluations);
  report.message = solved.message;
  switch (solved.status) {
    case LbfgsStatus::kConverged:
      report.status = TrainingStatus::kConverged;
      break;
    case LbfgsStatus::kNonFinite:
      report.status = TrainingStatus::kDiverged;
      return;
    case LbfgsStatus::kStopped:
      report.status = TrainingStatus::kStopped;
      return;
    case LbfgsStatus::kLineSearchFailed:
      report.status = TrainingStatus::kLineSearchFailed;
      break;
    case LbfgsStatus::kMaxIterations:
      report.status = TrainingStatus::kMaxIterations;
      break;
  }
  const std::string no_minimum = why_no_minimum(model, subset, recipe.objective);
  if (!no_minimum.empty()) {
    report.status = TrainingStatus::kNoMinimum;
    report.message += "; but the objective has no minimum: " + no_minimum + "; set l2 above 0";
  }
}

}  // namespace

Augmentation Augmentation::read(const Settings& parent) {
  const Settings settings = parent.child("augment", "random changes of training images");
  return {settings.integer("crop", {.default_value = 0,
                                    .at_least = 0,
                                    .at_most = 1024,
                                    .doc = "pixels of zero padding before a random crop"}),
          settings.flag("flip", {.default_value = false, .doc = "mirror with probability 1/2"})};
}

Tensor augment(const Tensor& images, const Augmentation& augmentation, Generator& generator) {
  const std::int64_t b = images.size(0), c = images.size(1), h = images.size(2), w = images.size(3);
  Tensor result = images;
  if (augmentation.flip) {
    const Tensor flipped = generator.integers(0, 2, {b, 1, 1, 1}).to(at::kBool);
    result = at::where(flipped, result.flip({3}), result);
  }
  if (augmentation.crop > 0) {
    const std::int64_t pad = augmentation.crop;
    const Tensor padded = at::constant_pad_nd(result, {pad, pad, pad, pad});
    const Tensor top = generator.integers(0, 2 * pad + 1, {b, 1}) + at::arange(h);   // [b, h]
    const Tensor left = generator.integers(0, 2 * pad + 1, {b, 1}) + at::arange(w);  // [b, w]
    const Tensor examples = at::arange(b);
    result = padded.index({examples.view({b, 1, 1, 1}), at::arange(c).view({1, c, 1, 1}),
                           top.view({b, 1, h, 1}), left.view({b, 1, 1, w})});
  }
  return result;
}

TrainingRecipe TrainingRecipe::read(const Settings& settings) {
  TrainingRecipe recipe;
  const std::string loss =
      settings.choice("loss", {.default_value = "cross_entropy",
                               .valid = {"cross_entropy", "squared_error", "binary_logistic"},
                               .doc = "loss of one example; binary_logistic "
                                      "is for two classes and one output"});
  recipe.objective.loss = loss == "cross_entropy"   ? LossKind::kCrossEntropy
                          : loss == "squared_error" ? LossKind::kSquaredError
                                                    : LossKind::kBinaryLogistic;
  recipe.objective.l2 = settings.real(
      "l2", {.default_value = 0, .at_least = 0, .doc = "lambda of (lambda/2) ||theta||^2"});
  recipe.optimizer = OptimizerSettings::read(settings);
  if (recipe.optimizer.is_full_batch()) return recipe;
  recipe.schedule = Schedule::read(settings);
  recipe.epochs = settings.integer(
      "epochs", {.at_least = 0, .at_most = 1'000'000, .doc = "passes over the set"});
  recipe.batch_size = settings.integer(
      "batch_size", {.default_value = 128, .at_least = 1, .doc = "examples in one step"});
  recipe.drop_last = settings.flag(
      "drop_last", {.default_value = false, .doc = "leave a smaller last batch out of each epoch"});
  recipe.clip_norm = settings.real(
      "clip_norm",
      {.default_value = 0, .at_least = 0, .doc = "largest gradient norm; 0 for no limit"});
  recipe.augmentation = Augmentation::read(settings);
  return recipe;
}

std::string to_string(TrainingStatus status) {
  switch (status) {
    case TrainingStatus::kCompleted:
      return "completed";
    case TrainingStatus::kConverged:
      return "converged";
    case TrainingStatus::kMaxIterations:
      return "max_iterations";
    case TrainingStatus::kLineSearchFailed:
      return "line_search_failed";
    case TrainingStatus::kNoMinimum:
      return "no_minimum";
    case TrainingStatus::kDiverged:
      return "diverged";
    case TrainingStatus::kStopped:
      return "stopped";
  }
  return "";
}

Json TrainingReport::to_json() const {
  const auto number = [](double x) { return std::isfinite(x) ? Json(x) : Json(nullptr); };
  return {{"status", to_string(status)},
          {"message", message},
          {"epochs", epochs},
          {"loss", number(loss)},
          {"objective", number(objective)},
          {"gradient_norm", number(gradient_norm)},
          {"sample_gradients", sample_gradients},
          {"seconds", seconds}};
}

TrainingReport train(Model& model, const Subset& subset, const TrainingRecipe& recipe,
                     Context& context) {
  if (subset.empty()) throw Error(ErrorKind::kUsage, "training needs at least one example");
  const auto start = std::chrono::steady_clock::now();
  const double cost_before = context.cost.sample_gradients();
  TrainingReport report;
  if (recipe.optimizer.is_full_batch()) {
    run_lbfgs(model, subset, recipe, context, report);
  } else {
    run_epochs(model, subset, recipe, context, report);
  }
  report.sample_gradients = context.cost.sample_gradients() - cost_before;
  report.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  CostMeter reporting;
  const ObjectiveValue value = value_and_gradient(model, subset, recipe.objective, reporting);
  report.loss = value.loss;
  report.objective = value.objective;
  report.gradient_norm = value.gradient.norm().item<double>();
  if (!value.finite() && report.status != TrainingStatus::kDiverged) {
    report.status = TrainingStatus::kDiverged;
    report.message =
        fmt::format("the objective at the end is {}; lower the learning rate", value.objective);
  }
  return report;
}

}  // namespace oubli
