#include "core/train/descent.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

namespace oubli {

Tensor movable_parameters(const Model& model, const TrainingRecipe& recipe,
                          const StepChanges& changes) {
  Tensor movable;
  for (const Tensor& each : {recipe.movable, changes.movable}) {
    if (!each.defined()) continue;
    if (each.sizes() != model.theta().sizes() || each.scalar_type() != at::kBool) {
      throw Error(ErrorKind::kUsage, "what may move must be bool, one for each parameter");
    }
    movable = movable.defined() ? movable & each : each;
  }
  return movable;
}

Descent::Descent(Model& model, TrainingRecipe recipe, Context& context, StepChanges changes)
    : model_(model),
      recipe_(std::move(recipe)),
      context_(context),
      dropout_(context.generator.stream("dropout")),
      optimizer_(make_optimizer(recipe_.optimizer)),
      gradient_of_(model, recipe_.objective, changes.mode),
      changes_(std::move(changes)) {
  changes_.movable = movable_parameters(model, recipe_, changes_);
  if (changes_.movable.defined()) held_ = model.theta().clone();
}

BatchStream Descent::batches(const Subset& subset, std::int64_t batch_size) {
  ++streams_;
  const auto stream = [&](const std::string& name) {
    return context_.generator.stream(streams_ == 1 ? name : fmt::format("{} {}", name, streams_));
  };
  BatchStream batches(subset,
                      {.batch_size = batch_size > 0 ? batch_size : recipe_.batch_size,
                       .drop_last = recipe_.drop_last,
                       .shared_order = recipe_.shared_order,
                       .epochs = recipe_.epochs,
                       .augmentation = recipe_.augmentation,
                       .dtype = model_.dtype(),
                       .stop = [this] { return stopped_ = context_.should_stop(); }},
                      stream("order"), stream("augmentation"));
  if (streams_ == 1) steps_per_epoch_ = batches.batches();
  return batches;
}

bool Descent::next_epoch() {
  const bool goes_on = (epoch_ < 0 || close_epoch()) && epoch_ + 1 < recipe_.epochs;
  if (!goes_on) {
    warn_of_rise();
    return false;
  }
  ++epoch_;
  return true;
}

bool Descent::close_epoch() {
  report_.epochs = static_cast<double>(stopped_ ? epoch_ : epoch_ + 1);
  context_.progress(report_.epochs / static_cast<double>(recipe_.epochs));
  // Once a parameter is not finite it stays so: one look at the end of an epoch finds it.
  if (!at::isfinite(model_.theta()).all().item<bool>()) {
    report_.status = TrainingStatus::kDiverged;
    report_.message = fmt::format(
        "a parameter is not finite after epoch {} of {} at learning rate {}; lower it or clip "
        "gradients",
        epoch_ + 1, recipe_.epochs, recipe_.optimizer.lr);
    return false;
  }
  if (stopped_ || (epoch_ + 1 < recipe_.epochs && context_.should_stop())) {
    report_.status = TrainingStatus::kStopped;
    report_.message = fmt::format("stopped after {} of {} epochs", report_.epochs, recipe_.epochs);
    return false;
  }
  return true;
}

void Descent::warn_of_rise() const {
  if (!context_.warn || !report_.usable()) return;
  const std::optional<ObjectiveWatch::Rise> rise = watch_.rise();
  if (!rise) return;
  context_.warn(
      fmt::format("the loss that its steps descend rose from {:.3g} to {:.3g}: lower the "
                  "learning rate ({:g}) or clip gradients",
                  rise->first, rise->last, recipe_.optimizer.lr));
}

StepState Descent::next_step() const {
  const std::int64_t epoch = std::max<std::int64_t>(0, epoch_);
  const std::int64_t steps = steps_per_epoch_ * recipe_.epochs;
  return {epoch, step_, steps, recipe_.optimizer.lr * recipe_.schedule.at(step_, steps, epoch)};
}

Tensor& Descent::gradient(const LossTerm& term) {
  for (const LossTerm::Part& part : term.parts()) {
    if (part.weight != 0) context_.cost.add_gradients(part.batch.size());
  }
  if (!context_.warn) return gradient_of_.at(term, dropout_);
  double value = 0;
  Tensor& gradient = gradient_of_.at(term, dropout_, &value);
  watch_.see(term, value, epoch_);
  return gradient;
}

void Descent::step_along(Tensor& gradient) {
  const at::NoGradGuard no_grad;
  const StepState state = next_step();
  if (recipe_.objective.l2 > 0) gradient.add_(model_.theta(), recipe_.objective.l2);
  if (changes_.linear.defined()) gradient.add_(changes_.linear);
  if (changes_.on_gradient) changes_.on_gradient(gradient, state);
  if (recipe_.clip_norm > 0) {
    const double norm = gradient.norm().item<double>();
    if (norm > recipe_.clip_norm) gradient.mul_(recipe_.clip_norm / norm);
  }
  if (held_.defined()) gradient.mul_(changes_.movable);
  optimizer_->step(model_.theta(), gradient, state.lr);
  if (changes_.after_step) changes_.after_step(model_.theta(), state);
  if (held_.defined()) {
    model_.theta().copy_(at::where(changes_.movable, model_.theta(), held_));
  }
  ++step_;
}

}  // namespace oubli
