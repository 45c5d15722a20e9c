#include "core/unlearn/training_trajectory.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include "core/base/machine_limits.h"

namespace oubli {
namespace {

constexpr const char* kKind = "trajectory";

}  // namespace

std::vector<std::int64_t> Trajectory::batch_sizes() const {
  const Tensor own = sizes.contiguous();
  const auto* first = own.const_data_ptr<std::int64_t>();
  return {first, first + own.numel()};
}

Tensors Trajectory::batches() const { return rows.split_with_sizes(batch_sizes()); }

MethodState Trajectory::to_state() const {
  MethodState state{{{"record", kKind}, {"steps_per_epoch", steps_per_epoch}}, {}};
  state.tensors = {{"thetas", thetas}, {"rates", rates}, {"rows", rows}, {"sizes", sizes}};
  if (gradients.defined()) state.tensors.emplace_back("gradients", gradients);
  return state;
}

Trajectory Trajectory::of(const MethodState& state) {
  if (state.values.value("record", "") != kKind) {
    throw Error(ErrorKind::kUsage, "what is to be read as a trajectory is none");
  }
  return {.thetas = state.tensor("thetas"),
          .gradients = state.tensor("gradients"),
          .rates = state.tensor("rates"),
          .rows = state.tensor("rows"),
          .sizes = state.tensor("sizes"),
          .steps_per_epoch = state.values.at("steps_per_epoch").get<std::int64_t>()};
}

std::int64_t read_record_memory(const Settings& settings) {
  return settings.integer("memory", {.default_value = 1000,
                                     .at_least = 1,
                                     .doc = "MB that the record of one model's training may take"});
}

TrainingPlan with_trajectory(TrainingPlan plan, bool gradients, std::int64_t memory) {
  if (plan.procedure == "trajectory") {  // another method's, beside this one
    gradients = gradients || plan.settings.at("gradients").get<bool>();
    memory = std::max(memory, plan.settings.at("memory").get<std::int64_t>());
  }
  plan.procedure = "trajectory";
  plan.settings = {{"gradients", gradients}, {"memory", memory}};
  return plan;
}

void require_room(double bytes, std::int64_t megabytes, const std::string& what) {
  if (bytes > 1e6 * static_cast<double>(megabytes)) {
    throw Error(ErrorKind::kUsage,
                fmt::format("{} takes {:.4g} MB, and the method's `memory` allows {}. Raise it, or "
                            "train a smaller network, for fewer epochs or in larger batches.",
                            what, bytes / 1e6, megabytes));
  }
  const std::string shortage = memory_shortage(bytes, what);
  if (!shortage.empty()) throw Error(ErrorKind::kUsage, shortage);
}

MethodStatePtr record_of(const Task& task, const std::string& method) {
  MethodStatePtr record = task.record ? task.record() : nullptr;
  if (record != nullptr) return record;
  throw Error(ErrorKind::kTask,
              fmt::format("{} goes by what was written down while the original was trained, and "
                          "for this original there is nothing: let it be trained here ('train', "
                          "without 'original').",
                          method));
}

void require_plain_steps(const TrainingRecipe& recipe, const std::string& method,
                         const Origin& where) {
  const auto fail = [&](const std::string& found, const std::string& instead) {
    fail_at(where, fmt::format("{} follows training in steps of lr times the mean gradient of a "
                               "batch; here {}. Write '{}' under 'train'.",
                               method, found, instead));
  };
  const OptimizerSettings& optimizer = recipe.optimizer;
  if (optimizer.name != "sgd") {
    fail("the optimiser is " + optimizer.name, "optimizer: {name: sgd, lr: ...}");
  }
  if (optimizer.momentum != 0) {
    fail(fmt::format("there is a momentum of {}", optimizer.momentum),
         "optimizer: {name: sgd, lr: ..., momentum: 0}");
  }
  if (recipe.clip_norm > 0) fail("gradients are clipped", "clip_norm: 0");
  if (recipe.augmentation.any()) fail("inputs are augmented", "augment: {}");
}

void require_separate_examples(const Model& model, const Task& task, const std::string& method) {
  if (task.train.weights.defined()) {
    throw Error(ErrorKind::kTask, method + " takes every example alike, and these have weights");
  }
  const Subset& some = task.train.empty() ? task.forget : task.train;
  if (some.empty()) return;
  try {
    model.linearise(some.batch(0, 1, model.dtype()).inputs, PassMode::kTraining);
  } catch (const Error& error) {
    throw Error(ErrorKind::kTask,
                fmt::format("{} takes examples out of the mean gradient of a batch, and this "
                            "network's is none: {} Train a network without batch normalisation "
                            "and dropout (`norm: group`, `norm: none`).",
                            method, error.what()));
  }
}

Tensor is_among(const Tensor& rows, const Tensor& among) {
  if (among.numel() == 0) return at::zeros_like(rows, at::kBool);
  const Tensor at = at::searchsorted(among, rows).clamp_max(among.numel() - 1);
  return among.index_select(0, at).eq(rows);
}

}  // namespace oubli
