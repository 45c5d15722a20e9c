// Amnesiac unlearning: takes back the updates of all batches that held a forgotten example, and
// repairs what that broke.
//
//   theta_u = theta - sum over batches B_t with a row of D_u of (theta_{t+1} - theta_t),
//   theta'  = finetune(theta_u) on what remains
//
// Source: Graves et al. 2021 (arXiv 2010.10981). Every update is kept, as differences of the
// recorded trajectory, since who will be forgotten is not known while training; of neighbouring
// batches the difference is taken at once. When only the last batch held forgotten rows this is the
// model before it: bit for bit in float32 but where a value is below 2e-9 of its update, and to one
// unit in the last place in float64. Otherwise later updates stay, though the earlier ones led to
// them, which is what the repair is for; with small batches and many forgotten rows hardly a batch
// is left, and the repair starts near the beginning. Running statistics of a normalisation are not
// taken back: the repair moves them. With momentum or Adam an update holds the past of its batch
// and leaves its own past to later ones; it is taken back as it was. A batch is taken back once,
// whichever requests ask for it. The record holds what was removed: who must forget it deletes it,
// and can take no batch back any more. Cost: n_r times the epochs of the repair.
#include <ATen/ATen.h>
#include <fmt/format.h>

#include "core/train/descent_settings.h"
#include "core/unlearn/training_trajectory.h"
#include "core/unlearn/unlearner.h"

namespace oubli {
namespace {

// The sum of the updates of the steps where `is_taken`, float64, run by run.
Tensor sum_of_updates(const Trajectory& trajectory, const std::vector<bool>& is_taken) {
  Tensor sum = at::zeros({trajectory.thetas.size(1)}, at::kDouble);
  const std::int64_t steps = trajectory.steps();
  for (std::int64_t t = 0; t < steps; ++t) {
    if (!is_taken[static_cast<std::size_t>(t)]) continue;
    const std::int64_t first = t;
    while (t + 1 < steps && is_taken[static_cast<std::size_t>(t + 1)]) ++t;
    sum.add_(trajectory.thetas[t + 1].to(at::kDouble) - trajectory.thetas[first]);
  }
  return sum;
}

class Amnesiac : public Unlearner {
 public:
  explicit Amnesiac(const Settings& settings)
      : repair_(DescentSettings::read(settings, {.epochs = 1, .lr = 0.01})),
        memory_(read_record_memory(settings)),
        origin_(settings.origin()) {}

  std::optional<double> estimate_cost(const Task& task) const override {
    return static_cast<double>(task.retain.size() * repair_.epochs);
  }

  TrainingPlan training_plan(TrainingPlan standard) const override {
    if (standard.recipe.optimizer.is_full_batch()) {
      fail_at(origin_,
              "amnesiac takes back the updates of batches, and L-BFGS has none: write 'optimizer: "
              "{name: sgd, lr: ...}' (or adam, adamw) under 'train'.");
    }
    return with_trajectory(std::move(standard), /*gradients=*/false, memory_);
  }

  UnlearnReport unlearn(Model& model, const Task& task, Context& context) const override {
    UnlearnReport report;
    report.state = task.state;
    if (task.forget.empty()) return report;
    const Trajectory trajectory = Trajectory::of(*record_of(task, "amnesiac"));
    if (context.should_stop()) {
      report.status = UnlearnStatus::kStopped;
      return report;
    }
    const Tensor earlier =
        task.state ? task.state->tensor("taken_back") : at::zeros({trajectory.steps()}, at::kBool);
    const Tensor holds = holds_forgotten(trajectory, task).logical_and(earlier.logical_not());
    const auto* flags = holds.const_data_ptr<bool>();
    const Tensor sum = sum_of_updates(trajectory, std::vector<bool>(flags, flags + holds.numel()));
    model.add_to_theta(sum, -1);
    if (repair_.epochs > 0) {
      report = report_of(train(model, task.retain, repair_.recipe(task.recipe), context));
    }
    report.state = std::make_shared<MethodState>(
        MethodState{Json::object(), {{"taken_back", holds.logical_or(earlier)}}});
    report.details["batches"] = trajectory.steps();
    report.details["taken_back"] = holds.sum().item<std::int64_t>();
    report.details["taken_back_before"] = earlier.sum().item<std::int64_t>();
    report.details["step_norm"] = sum.norm().item<double>();
    return report;
  }

 private:
  // Whether each step's batch held a row to be forgotten: bool [T], contiguous.
  static Tensor holds_forgotten(const Trajectory& trajectory, const Task& task) {
    const Tensor forgotten = is_among(trajectory.rows, std::get<0>(task.forget.rows.sort()));
    Tensor holds = at::zeros({trajectory.steps()}, at::kBool);
    const Tensors parts = forgotten.split_with_sizes(trajectory.batch_sizes());
    for (std::size_t t = 0; t < parts.size(); ++t) {
      holds[static_cast<std::int64_t>(t)] = parts[t].any();
    }
    return holds;
  }

  DescentSettings repair_;
  std::int64_t memory_;
  Origin origin_;
};

}  // namespace

MethodInfo amnesiac_method() {
  return {.name = "amnesiac",
          .summary = "takes back the updates of batches with forgotten rows, then fine-tunes",
          .reference = "Graves et al. 2021, arXiv 2010.10981",
          .definition =
              "theta - sum over training's batches that held a forgotten row of (theta_{t+1} - "
              "theta_t), each batch once over all requests; then finetune on what remains, with "
              "the settings of steps.",
          .needs_retain_data = true,
          .needs_forget_data = true,
          .supports_adding = false,
          .takes_sequences = true,
          .make = make_unlearner<Amnesiac>};
}

}  // namespace oubli
