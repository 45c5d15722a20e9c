#include "experiments/engine/plan/fitness.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>

#include "core/base/machine_limits.h"
#include "core/base/text.h"
#include "core/train/least_squares.h"
#include "experiments/engine/plan/training_sets.h"

namespace oubli {
namespace {

// Where the setting, or the nearest map above it that is there, was written.
Origin origin_of(const SettingsNode& root, const std::vector<std::string>& path) {
  const SettingsNode* node = &root;
  Origin origin = root.origin;
  for (const std::string& key : path) {
    node = node->find(key);
    if (node == nullptr) break;
    origin = node->origin;
  }
  return origin;
}

void require_images_for_augmentation(const Experiment& experiment) {
  const Augmentation& augmentation = experiment.spec.recipe.augmentation;
  if (!augmentation.any()) return;
  const std::vector<std::int64_t> shape = experiment.dataset->input_shape();
  const Origin origin = origin_of(experiment.spec.root, {"train", "augment"});
  if (shape.size() != 3) {
    fail_at(origin,
            fmt::format("'augment' crops and mirrors images; an example of {} has the shape "
                        "[{}]. Leave it out.",
                        quote(experiment.dataset->name), fmt::join(shape, ", ")));
  }
  if (augmentation.crop > std::min(shape[1], shape[2])) {
    fail_at(origin, fmt::format("a border of {} pixels is wider than the images of {} by {}: most "
                                "crops would show nothing. 4 is usual for 32 by 32.",
                                augmentation.crop, shape[1], shape[2]));
  }
}

// The first number that is none in the model's type; "" where all are.
std::string overflow_of(const Tensor& values, const std::string& what) {
  const Tensor wrong = at::isfinite(values.to(at::kFloat)).logical_not().nonzero();
  if (wrong.size(0) == 0) return "";
  const auto row = wrong[0][0].item<std::int64_t>();
  const std::int64_t column = wrong.size(1) > 1 ? wrong[0][1].item<std::int64_t>() : 0;
  const Tensor row_values = values[row].reshape({-1});
  return fmt::format("{} {} of row {} is {:g}, which no float32 can hold (the largest is 3.4e38)",
                     what, column, row, row_values[column].item<double>());
}

void require_numbers_of_type(const Experiment& experiment) {
  const Dataset& data = *experiment.dataset;
  if (experiment.spec.dtype != at::kFloat || data.inputs.scalar_type() != at::kDouble) return;
  Tensor inputs = data.inputs;
  if (!data.mean.empty() && inputs.dim() == 2) {
    inputs =
        (inputs - at::tensor(data.mean, at::kDouble)) / at::tensor(data.deviation, at::kDouble);
  }
  std::string problem = overflow_of(inputs, "feature");
  if (problem.empty() && !data.is_classification()) problem = overflow_of(data.targets, "target");
  if (problem.empty()) return;
  fail_at(origin_of(experiment.spec.root, {"data"}),
          fmt::format("{}. Write `model: {{..., dtype: float64}}`, scale the numbers down, or "
                      "standardise them.",
                      problem));
}

// Which layers need more than one value for each channel depends on the sizes of their images: the
// network itself is asked.
bool needs_two_examples(const Experiment& experiment) {
  const at::NoGradGuard no_grad;
  const Model model = experiment.make_model();
  try {
    model.forward(experiment.task.train.batch(0, 1, model.dtype()).inputs, PassMode::kTraining);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::kNumerics) throw;
    return true;
  }
  return false;
}

// Of the variant that has most.
std::int64_t parameters_of_model(const Experiment& experiment) {
  std::int64_t most = 0;
  for (const Network& network : experiment.networks) most = std::max(most, network.table->size());
  return most;
}

double bytes_of_model(const Experiment& experiment) {
  const OptimizerSettings& optimizer = experiment.spec.recipe.optimizer;
  const double value = experiment.spec.dtype == at::kDouble ? 8 : 4;
  // theta, its gradient, a step, two vectors of an optimiser and a copy; of L-BFGS pairs in
  // float64.
  const double vectors =
      optimizer.is_full_batch() ? 4 + 2 * static_cast<double>(optimizer.memory) * 8 / value : 6;
  return vectors * value * static_cast<double>(parameters_of_model(experiment));
}

}  // namespace

double least_memory(const Experiment& experiment) {
  const Dataset& data = *experiment.dataset;
  const auto outputs =
      static_cast<double>(experiment.spec.recipe.objective.outputs_for(data) * data.size());
  constexpr double kProgram = 120e6;
  return kProgram + static_cast<double>(data.inputs.nbytes() + data.targets.nbytes()) +
         bytes_of_model(experiment) + 2 * 8 * outputs;
}

void require_fit(const Experiment& experiment) {
  const bool is_solved = experiment.spec.recipe.optimizer.name == "least_squares";
  if (is_solved && !is_least_squares(experiment.make_model(), experiment.spec.recipe.objective)) {
    fail_at(origin_of(experiment.spec.root, {"train", "optimizer"}),
            "least_squares solves for a linear model under squared_error, and this is none: use "
            "lbfgs.");
  }
  require_images_for_augmentation(experiment);
  require_numbers_of_type(experiment);
  const std::string shortage = memory_shortage(least_memory(experiment), "one stage");
  if (!shortage.empty()) {
    const bool is_model = 2 * bytes_of_model(experiment) > least_memory(experiment);
    fail_at(origin_of(experiment.spec.root, {is_model ? "model" : "data"}),
            fmt::format("{} {}", shortage,
                        is_model ? fmt::format("The model has {} parameters: lower its width.",
                                               parameters_of_model(experiment))
                                 : "Lower data.limit."));
  }
}

void require_batches_for_normalisation(const Experiment& experiment, const Plan& plan) {
  const TrainingRecipe& recipe = experiment.spec.recipe;
  if (recipe.optimizer.is_full_batch() || recipe.drop_last ||
      experiment.network.table->buffers().empty() || !needs_two_examples(experiment)) {
    return;
  }
  std::map<StageKind, std::int64_t> looked_at;
  for (const Stage& stage : plan.stages) {
    const bool is_attackers = stage.kind == StageKind::kShadow || stage.kind == StageKind::kAudit;
    const bool is_trained = stage.kind == StageKind::kTrain || stage.kind == StageKind::kRetrain ||
                            stage.kind == StageKind::kSubset;
    if (!is_attackers && !is_trained) continue;
    // Halves come in pairs; the sets of one kind have no other sizes than those of the first two.
    std::int64_t& number = looked_at[stage.kind];
    if (number == (is_attackers ? 2 : 1)) continue;
    const std::int64_t size = training_set(experiment, stage.kind, number++).size();
    if (recipe.batch_size > 1 && size % recipe.batch_size != 1) continue;
    fail_at(origin_of(experiment.spec.root, {"train", "batch_size"}),
            fmt::format("the {} examples of {} {} in batches of {} leave a last batch of one, of "
                        "which batch normalisation has no variance: write `train: {{..., "
                        "drop_last: true}}`, or another batch_size.",
                        size, stage.kind == StageKind::kShadow ? "a" : "an", model_name(stage.kind),
                        recipe.batch_size));
  }
}

}  // namespace oubli
