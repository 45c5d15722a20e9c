// The step loop: what every method that takes gradient steps goes through, and training itself.
//
//   Descent descent(model, recipe, context);
//   BatchStream retain = descent.batches(task.retain), forget = descent.batches(task.forget);
//   while (descent.next_epoch()) {
//     for (const Batch& r : retain) {
//       descent.step(alpha * descent.loss(r) - (1 - alpha) * descent.loss(forget.next()));
//     }
//   }
//   return report_of(descent.report());
//
// One step, at rate r = lr s(t) with s the schedule, is
//
//   g = gradient of the term + l2 theta     l2 of the recipe's objective, once; and the linear term
//   g <- on_gradient(g), clipped to clip_norm, 0 where a parameter is held
//   theta <- theta - r direction(g)         the optimiser's
//   theta <- after_step(theta), then what is held is put back
//
// so that a held parameter does not change by one bit, whatever decays, drifts or adds noise. The
// network is in training mode unless the changes say otherwise. Orders are drawn from the context's
// streams "order", augmentation from "augmentation", for a second set "order 2" and so on, dropout
// from "dropout".
//
// Cost: one sample-gradient for each example of each term, counted here. At the end of each epoch
// parameters are looked at: once one is not finite it stays so, and the loop ends with the status
// Diverged. Where the context asks for it, which is seen before each batch, the epoch ends there
// and the loop with the status Stopped. Where the context takes warnings, one says that what is
// descended rose (objective_watch.h).
#pragma once

#include <functional>
#include <memory>

#include "core/base/context.h"
#include "core/nn/model.h"
#include "core/train/batch_gradient.h"
#include "core/train/batches.h"
#include "core/train/loss_term.h"
#include "core/train/objective_watch.h"
#include "core/train/recipe.h"
#include "core/train/training_report.h"

namespace oubli {

struct StepState {
  std::int64_t epoch = 0, step = 0;  // from 0; steps over all epochs
  std::int64_t steps = 0;            // planned, over all epochs
  double lr = 0;                     // with the schedule in it
};

// What a method adds to plain descent; all of it may be left out.
struct StepChanges {
  // Parameters that may move: bool [dim]; of a recipe that names some too, those that both name.
  // The others stay what they are when the descent begins.
  Tensor movable = {};
  // A linear term c'theta of the objective: float64 [dim]. Its gradient is added to each step's.
  Tensor linear = {};
  // Changes the step's gradient in place: penalties, projections, noise.
  std::function<void(Tensor& gradient, const StepState& state)> on_gradient = {};
  // Changes theta in place behind each step: proximal steps, noise.
  std::function<void(const Tensor& theta, const StepState& state)> after_step = {};
  // In evaluation mode normalisations keep the statistics that they have, and nothing is dropped.
  PassMode mode = PassMode::kTraining;
};

// The parameters that may move by both, undefined for all. Error(kUsage) where it is not bool
// [dim].
Tensor movable_parameters(const Model& model, const TrainingRecipe& recipe,
                          const StepChanges& changes);

class Descent {
 public:
  // Model and context must outlive it. Error(kUsage) for a recipe of L-BFGS, which takes no such
  // steps, and where `movable` is not bool [dim].
  Descent(Model& model, TrainingRecipe recipe, Context& context, StepChanges changes = {});
  Descent(const Descent&) = delete;
  Descent& operator=(const Descent&) = delete;

  // A set's batches; of the recipe's size unless another is given. The schedule counts the first
  // set's batches as the steps of an epoch, unless `steps_per_epoch` says otherwise. The descent
  // must outlive it.
  BatchStream batches(const Subset& subset, std::int64_t batch_size = 0);
  void steps_per_epoch(std::int64_t steps) { steps_per_epoch_ = steps; }

  // True until all epochs are over, or parameters have diverged, or an epoch was stopped.
  bool next_epoch();
  std::int64_t epoch() const { return epoch_; }  // from 0
  StepState next_step() const;

  // The mean loss over a batch: the objective's, without l2, or one of one's own.
  LossTerm loss(const Batch& batch) const { return {batch, {}}; }
  LossTerm loss(const Batch& batch, OutputLoss loss) const { return {batch, std::move(loss)}; }

  void step(const LossTerm& term) { step_along(gradient(term)); }
  // For methods that make a step of several gradients: a term's gradient without l2, [dim], valid
  // until the next call; and the step along a gradient, to which l2 is added.
  Tensor& gradient(const LossTerm& term);
  void step_along(Tensor& gradient);

  // Usable at any time; `epochs` are those that have ended, the one that was stopped apart.
  const DescentReport& report() const { return report_; }

 private:
  bool close_epoch();
  void warn_of_rise() const;

  Model& model_;
  TrainingRecipe recipe_;
  Context& context_;
  Generator dropout_;
  std::unique_ptr<Optimizer> optimizer_;
  BatchGradient gradient_of_;
  StepChanges changes_;
  Tensor held_;  // theta at the start, where not all may move
  std::int64_t streams_ = 0, steps_per_epoch_ = 0;
  std::int64_t epoch_ = -1, step_ = 0;
  bool stopped_ = false;  // within the epoch
  DescentReport report_;
  ObjectiveWatch watch_;
};

}  // namespace oubli
