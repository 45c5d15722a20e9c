// DeltaGrad: replays training without the forgotten examples, and takes most of its gradients from
// what was written down.
//
//   theta'_{t+1} = theta'_t - eta_t (g'_t + l2 theta'_t),   v_t = theta'_t - theta_t,
//   g'_t = (b g_B(theta'_t) - sum_R grad l_i + sum_A grad l_i) / (b - r + a)
//
// g_B is the mean gradient over batch B_t as it was, of b examples; R its r forgotten ones, A the a
// that are added, their gradients taken at theta'_t.
//
//   explicit     t <= burn_in, or (t - burn_in) mod period = 0: g'_t from the examples themselves,
//                and the pair s = v_t, y = g_B(theta'_t) - g_B(theta_t) enters the history
//   approximate  the others: g_B(theta'_t) = g_B(theta_t) + B v_t, B the L-BFGS Hessian of the
//                last `history` pairs (core/curvature/lbfgs_hessian.h)
//
// Source: Wu et al. 2020 (arXiv 2006.14755). Period 1 is retraining with the same start and order,
// the mean over what is left of each batch, bit for bit where nothing is added: an explicit step
// takes the mean over what is left itself rather than b g_B less a sum. With nothing to forget the
// original comes out, bit for bit. l2 is exact. For losses that are not convex a step that should
// be approximate is explicit where there is no pair with s'y > 0 yet, where B v is not finite or
// v'B v < 0, and where |B v| > 10 |v| max |y| / |s|. A batch of which nothing is left takes no
// step. An added example goes into one batch of each epoch, which is drawn. The original must be
// the end of the recorded trajectory: Error(kTask) elsewhere.
//
// A later request goes on from the corrected trajectory, which is the state; `keep: false` keeps
// none. Made for large batches: with small ones pairs of one batch say little about the next.
// Needs plain SGD without clipping and augmentation, and networks in which examples are separate.
// Cost: about n_r times the epochs over the period, and r + a for each step.
#include <ATen/ATen.h>
#include <fmt/format.h>

#include "core/unlearn/replay.h"
#include "core/unlearn/unlearner.h"

namespace oubli {
namespace {

class DeltaGrad : public Unlearner {
 public:
  explicit DeltaGrad(const Settings& settings)
      : replay_{settings.integer("period", {.default_value = 5,
                                            .at_least = 1,
                                            .doc = "T0: every so many steps one is explicit"}),
                settings.integer("burn_in", {.default_value = 20,
                                             .at_least = 0,
                                             .doc = "j0: steps up to this one are explicit"}),
                settings.integer("history", {.default_value = 2,
                                             .at_least = 1,
                                             .at_most = 100,
                                             .doc = "pairs that the L-BFGS Hessian is made of"})},
        keeps_(settings.flag("keep", {.default_value = true,
                                      .doc = "whether the corrected trajectory is kept, for "
                                             "requests after this one"})),
        memory_(read_record_memory(settings)),
        origin_(settings.origin()) {}

  std::optional<double> estimate_cost(const Task& task) const override {
    const TrainingRecipe& recipe = task.recipe;
    const std::int64_t all = (task.train.size() + task.added.size()) * recipe.epochs;
    const std::int64_t edited = (task.forget.size() + task.added.size()) * recipe.epochs;
    return static_cast<double>(all) / static_cast<double>(replay_.period) +
           static_cast<double>(edited + recipe.batch_size * (replay_.burn_in + 1));
  }

  TrainingPlan training_plan(TrainingPlan standard) const override {
    require_plain_steps(standard.recipe, "deltagrad", origin_);
    return with_trajectory(std::move(standard), /*gradients=*/true, memory_);
  }

  UnlearnReport unlearn(Model& model, const Task& task, Context& context) const override {
    UnlearnReport report;
    report.state = task.state;
    if (task.forget.empty() && task.added.empty()) return report;
    require_separate_examples(model, task, "deltagrad");
    Trajectory trajectory =
        Trajectory::of(task.state ? *task.state : *record_of(task, "deltagrad"));
    if (!model.theta().equal(trajectory.thetas[trajectory.steps()])) {
      throw Error(ErrorKind::kTask,
                  "deltagrad replays a training that ended elsewhere than at this model: use it "
                  "first in a row of methods, and with `keep: true` in a sequence of requests");
    }
    const Tensor original = model.theta().clone();
    const Replay replayed = replay_without(replay_, trajectory, task, model, context);
    report.details = replayed.to_json();
    if (replayed.is_stopped) {
      model.set_theta(original);
      report.status = UnlearnStatus::kStopped;
      report.message = "stopped before the end of the replay: the model is as it was";
      return report;
    }
    report.state =
        keeps_ ? std::make_shared<const MethodState>(replayed.trajectory.to_state()) : nullptr;
    return report;
  }

 private:
  ReplaySettings replay_;
  bool keeps_;
  std::int64_t memory_;
  Origin origin_;
};

}  // namespace

MethodInfo deltagrad_method() {
  return {
      .name = "deltagrad",
      .summary = "replays training without the forgotten rows, most gradients from the record",
      .reference = "Wu et al. 2020, arXiv 2006.14755",
      .definition =
          "theta' <- theta' - eta_t (g' + l2 theta') along the steps of training, g' = (b g_B "
          "- sum_R grad l_i + sum_A grad l_i) / (b - r + a) of the batch's b, its r forgotten "
          "and a added examples; g_B(theta') exact for t <= burn_in and every `period` steps, "
          "else the recorded g_B(theta_t) + B (theta' - theta_t), B the L-BFGS Hessian of the "
          "last `history` pairs with s'y > 1e-10 |s| |y|; exact too where there is no pair, B v is "
          "not finite, v'B v < 0 or |B v| > 10 |v| max |y|/|s|. A batch of which nothing is left "
          "takes no step.",
      .needs_retain_data = true,
      .needs_forget_data = true,
      .supports_adding = true,
      .make = make_unlearner<DeltaGrad>};
}

}  // namespace oubli
