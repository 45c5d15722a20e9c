// SCRUB: a student that disobeys its teacher on the forget set and obeys it elsewhere.
//
//   d(x) = T^2 KL( softmax(f(x; theta) / T) || softmax(f(x) / T) ),  theta the original's
//   max epoch   steps on -mean d over D_u, in the first `max_epochs` epochs
//   min epoch   steps on gamma mean l + alpha mean d over D_r, in every epoch, behind it
//
// and, with `rewind`, the parameters after that epoch whose forget error is nearest to the
// reference, which is the error of the last epoch's model on validation examples of the forget
// set's classes (SCRUB+R). Source: Kurmanji et al. 2023 (arXiv 2302.09880), defaults of their
// small-scale runs, but that l2 is training's where theirs is 0.1. At the original d has no
// gradient: where D_u is one batch, the first max epoch does not move theta, and the report says
// so. What is added is learnt as part of D_r, its teacher being the model that does not know it.
// Cost: 4/3 (n_r E + m max_epochs), rewinding apart.
#include <ATen/ATen.h>
#include <fmt/format.h>

#include <cmath>

#include "core/train/descent_settings.h"
#include "core/unlearn/accuracy.h"
#include "core/unlearn/relabelling.h"
#include "core/unlearn/teacher.h"
#include "core/unlearn/unlearner.h"

namespace oubli {
namespace {

class Scrub : public Unlearner {
 public:
  explicit Scrub(const Settings& settings)
      : max_epochs_(settings.integer(
            "max_epochs",
            {.default_value = 3, .at_least = 0, .doc = "first epochs with a pass of ascent"})),
        alpha_(settings.real("alpha", {.default_value = 0.5,
                                       .at_least = 0,
                                       .doc = "weight of the divergence on what remains"})),
        gamma_(settings.real(
            "gamma",
            {.default_value = 1, .at_least = 0, .doc = "weight of the loss on what remains"})),
        temperature_(settings.real("temperature",
                                   {.default_value = 2, .above = 0, .doc = "T of both softmaxes"})),
        forget_batch_(settings.integer(
            "forget_batch_size",
            {.default_value = 64, .at_least = 1, .doc = "examples in one step of ascent"})),
        rewind_(settings.flag("rewind", {.default_value = false,
                                         .doc = "return the epoch whose forget error is nearest "
                                                "to that on validation examples alike"})),
        steps_(DescentSettings::read(
            settings, {.epochs = 10,
                       .lr = 5e-4,
                       .optimizer = "adam",
                       .batch_size = 32,
                       .schedule = {.name = "multi_step", .milestones = {5, 8, 9}}})) {}

  std::optional<double> estimate_cost(const Task& task) const override {
    const std::int64_t ascents = std::min(max_epochs_, steps_.epochs);
    const std::int64_t looks = rewind_ ? steps_.epochs + 1 : 0;
    return 4.0 / 3.0 *
               static_cast<double>(task.retain.size() * steps_.epochs +
                                   task.forget.size() * ascents) +
           static_cast<double>(looks * (task.forget.size() + task.validation.size())) / 3.0;
  }

  UnlearnReport unlearn(Model& model, const Task& task, Context& context) const override {
    const Objective& objective = task.objective();
    const Teacher teacher(model);
    const Subset reference = rewind_ ? alike(task) : Subset{};
    Descent descent(model, steps_.recipe(task.recipe), context);
    BatchStream retain = descent.batches(task.retain);
    BatchStream forget = descent.batches(task.forget, forget_batch_);
    const auto from_teacher = [&](const Batch& batch) {
      return [&, given = teacher.outputs(batch, context),
              targets = batch.targets](const Tensor& outputs) {
        return divergence(objective, given, outputs, temperature_, targets);
      };
    };
    std::vector<std::pair<double, Tensor>> checkpoints;  // forget error, theta
    while (descent.next_epoch()) {
      if (descent.epoch() < max_epochs_) {
        for (const Batch& u : forget) descent.step(-descent.loss(u, from_teacher(u)));
      }
      for (const Batch& r : retain) {
        descent.step(descent.loss(r, [&, d = from_teacher(r)](const Tensor& outputs) {
          return gamma_ * objective.losses(outputs, r.targets) + alpha_ * d(outputs);
        }));
      }
      if (rewind_) {
        checkpoints.emplace_back(error_on(model, task.forget, objective, context),
                                 model.theta().clone());
      }
    }
    UnlearnReport report = report_of(descent.report());
    if (rewind_ && report.usable() && !checkpoints.empty()) {
      rewind(model, checkpoints, error_on(model, reference, objective, context), report);
    }
    if (max_epochs_ > 0 && forget.batches() == 1) {
      report.warnings.emplace_back(
          "the forget set is one batch: the first ascent starts where the divergence has no "
          "gradient and does not move");
    }
    return report;
  }

 private:
  // Validation examples of the forget set's classes.
  static Subset alike(const Task& task) {
    require_classes(task, "scrub with rewind");
    const Tensor& targets = task.forget.dataset->targets;
    const Tensor classes = targets.index_select(0, task.forget.rows);
    const Tensor& rows = task.validation.rows;
    const Subset chosen =
        task.validation.with_rows(rows.index({at::isin(targets.index_select(0, rows), classes)}));
    if (chosen.empty()) {
      throw Error(ErrorKind::kTask,
                  "scrub: rewind needs validation examples of the forget set's classes: set "
                  "data.validation_fraction, or leave rewind out");
    }
    return chosen;
  }

  static double error_on(const Model& model, const Subset& subset, const Objective& objective,
                         Context& context) {
    return subset.empty() ? 0 : 1 - accuracy(model, subset, objective, context.cost);
  }

  static void rewind(Model& model, const std::vector<std::pair<double, Tensor>>& checkpoints,
                     double reference, UnlearnReport& report) {
    std::size_t best = 0;
    for (std::size_t e = 1; e < checkpoints.size(); ++e) {
      const double gap = std::abs(checkpoints[e].first - reference);
      // Of equals the later one, which has had more epochs of repair.
      if (gap <= std::abs(checkpoints[best].first - reference)) best = e;
    }
    model.set_theta(checkpoints[best].second);
    report.details["rewound_to_epoch"] = best + 1;
    report.details["reference_error"] = reference;
    report.details["forget_error"] = checkpoints[best].first;
  }

  std::int64_t max_epochs_;
  double alpha_, gamma_, temperature_;
  std::int64_t forget_batch_;
  bool rewind_;
  DescentSettings steps_;
};

}  // namespace

MethodInfo scrub_method() {
  return {.name = "scrub",
          .summary = "moves away from the original on the forget set, and stays near it elsewhere",
          .reference = "Kurmanji et al. 2023, arXiv 2302.09880",
          .definition =
              "d = T^2 KL(softmax(original / T) || softmax(model / T)). In each of the first "
              "max_epochs epochs steps on -mean d over the forget set, then in every epoch steps "
              "on gamma mean loss + alpha mean d over what remains, l2 included in all. rewind: "
              "the parameters of the epoch whose forget error is nearest to the final model's "
              "error on validation examples of the forget set's classes.",
          .needs_retain_data = true,
          .needs_forget_data = true,
          .supports_adding = true,
          .takes_sequences = true,
          .make = make_unlearner<Scrub>};
}

}  // namespace oubli
