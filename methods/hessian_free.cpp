// Hessian-free removal: the sum of vectors that follow, for each forgotten example, what its part
// in training would have changed.
//
//   theta' = theta + u,  u = sum over D_u of a_i,  a_i carried along the steps of training
//
// (core/unlearn/removal_sensitivity.h has the recursion and its three forms). It is the forward
// derivative of the trained parameters, so it goes to where retraining with the same start and
// order would have gone, and needs no minimum. Source: Qiao et al. 2024 (arXiv 2404.01712). Theirs
// is `form: released`: it takes the forgotten gradients' sum over b out of a step, where retraining
// takes the mean over what is left, which leaves 0.2 to 0.4 of the distance to it; `centred`, the
// default, leaves about 0.01. No noise and no certificate: theirs has no bound on the distance.
//
// The vectors are `replayed`, the default: derivatives are taken along the recorded trajectory for
// what is to be forgotten alone. That costs more than retraining does, and says so. Or `stored`, as
// published: every example has its vector from the training on, which takes n products with each
// batch's Hessian, and forgetting is a sum that costs no gradient. Later requests add to what the
// earlier ones did; the centred form, which is no sum, goes to where one request for all would.
//
// Needs plain SGD without clipping and augmentation, and networks in which examples are separate.
// Cost: replayed, up to 3 n times the epochs and one more for each forgotten example; stored, none.
#include <ATen/ATen.h>
#include <fmt/format.h>

#include "core/unlearn/removal_sensitivity.h"
#include "core/unlearn/unlearner.h"

namespace oubli {
namespace {

class HessianFree : public Unlearner {
 public:
  explicit HessianFree(const Settings& settings)
      : removal_(RemovalSettings::read(settings)),
        is_stored_(
            settings.choice("vectors",
                            {.default_value = "replayed",
                             .valid = {"replayed", "stored"},
                             .doc = "replayed: made when they are asked for, along the recorded "
                                    "trajectory; stored: one for each example, while training"}) ==
            "stored"),
        memory_(read_record_memory(settings)),
        origin_(settings.origin()) {
    if (is_stored_ && !removal_.is_sum() && !settings.is_describing()) {
      settings.fail("vectors",
                    "vectors of single examples can be kept where the form is their sum: write "
                    "`form: additive` or `form: released` beside it.");
    }
  }

  std::optional<double> estimate_cost(const Task& task) const override {
    if (is_stored_) return 0;
    return static_cast<double>((3 * task.train.size() + task.forget.size()) * task.recipe.epochs);
  }

  TrainingPlan training_plan(TrainingPlan standard) const override {
    require_plain_steps(standard.recipe, "hessian_free", origin_);
    if (!is_stored_) return with_trajectory(std::move(standard), /*gradients=*/false, memory_);
    standard.procedure = "sensitivities";
    standard.settings = removal_.to_json();
    standard.settings["memory"] = memory_;
    return standard;
  }

  UnlearnReport unlearn(Model& model, const Task& task, Context& context) const override {
    UnlearnReport report;
    report.state = task.state;
    if (task.forget.empty()) return report;
    require_separate_examples(model, task, "hessian_free");
    const Tensor forgotten = std::get<0>(task.forget.rows.sort());
    const Tensor step = is_stored_ ? stored(task, forgotten, report)
                                   : replayed(model, task, forgotten, context, report);
    if (!step.defined()) return report;
    model.add_to_theta(step);
    report.details["step_norm"] = step.norm().item<double>();
    return report;
  }

 private:
  static Tensor stored(const Task& task, const Tensor& forgotten, UnlearnReport& report) {
    const MethodStatePtr record = record_of(task, "hessian_free");
    const Tensor rows = record->tensor("rows");
    if (!is_among(forgotten, rows).all().item<bool>()) {
      throw Error(ErrorKind::kTask, "hessian_free: the original was not trained on some of these");
    }
    const Json& cost = record->values.at("sample_gradients");
    report.details["vectors_sample_gradients"] = cost;
    report.warnings.push_back(
        fmt::format("while training, the vectors of all examples took {:.6g} sample-gradients, "
                    "which stand in no cost",
                    cost.get<double>()));
    return record->tensor("vectors").index_select(0, at::searchsorted(rows, forgotten)).sum(0);
  }

  // Undefined where it was stopped.
  Tensor replayed(const Model& model, const Task& task, const Tensor& forgotten, Context& context,
                  UnlearnReport& report) const {
    const Trajectory trajectory = Trajectory::of(*record_of(task, "hessian_free"));
    // A sum takes the new rows alone; the centred form those of all requests, less what was done.
    const bool goes_on = task.state != nullptr && !removal_.is_sum();
    const Tensor rows = goes_on ? rows_union(task.state->tensor("rows"), forgotten) : forgotten;
    Model moving = model.clone();
    const Sensitivity found = removal_sensitivity(removal_, trajectory, rows, task.forget,
                                                  task.objective(), moving, context);
    if (found.is_stopped) {
      report.status = UnlearnStatus::kStopped;
      report.message = "stopped before the end of the trajectory: the model is as it was";
      return {};
    }
    report.details["training_steps"] = trajectory.steps();
    report.details["batches_with_forgotten"] = found.batches;
    report.details["batches_emptied"] = found.emptied;
    if (removal_.is_sum()) return found.u;
    report.state = std::make_shared<MethodState>(
        MethodState{Json::object(), {{"rows", rows}, {"u", found.u}}});
    return goes_on ? found.u - task.state->tensor("u") : found.u;
  }

  RemovalSettings removal_;
  bool is_stored_;
  std::int64_t memory_;
  Origin origin_;
};

}  // namespace

MethodInfo hessian_free_method() {
  return {.name = "hessian_free",
          .summary = "adds what each forgotten example's part in training would have changed",
          .reference = "Qiao et al. 2024, arXiv 2404.01712; batch means derived here",
          .definition =
              "theta + u_T, u_0 = 0, u_{t+1} = u_t - eta_t (H_t u_t + l2 u_t) + eta_t d_t along "
              "the steps of training. centred: d = (m/b) (g_R - g_K), H of what is left of the "
              "batch (none left: u + eta (g_B + l2 theta_t)); additive: d = sum_R (g_i - g_B) / "
              "(b - 1), H of the batch; released: d = (1/b) sum_R (g_i + l2 theta_t), each clipped "
              "to `clip`, H of the batch. R: the m forgotten of the batch's b, K the others.",
          .needs_retain_data = true,
          .needs_forget_data = true,
          .supports_adding = false,
          .takes_sequences = true,
          .make = make_unlearner<HessianFree>};
}

}  // namespace oubli
