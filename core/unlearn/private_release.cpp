#include "core/unlearn/private_release.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <cmath>

#include "core/train/descent.h"

namespace oubli {

PrivacyTarget PrivacyTarget::read(const Settings& settings) {
  PrivacyTarget target;
  target.epsilon = settings.real(
      "epsilon", {.default_value = 1, .above = 0, .doc = "of the guarantee (core/privacy)"});
  target.delta = settings.real(
      "delta", {.default_value = 1e-5, .above = 0, .below = 1, .doc = "of the guarantee"});
  return target;
}

Tensor clipped_to(const Tensor& theta, double radius) {
  const double norm = theta.to(at::kDouble).norm().item<double>();
  return norm > radius ? theta * (radius / norm) : theta;
}

void add_noise(Model& model, double sigma, Generator& noise) {
  model.add_to_theta(noise.normal({model.dim()}, at::kDouble), sigma);
}

std::vector<Assumption> assumptions_of_release(const Model& model, const Task& task) {
  using Status = Assumption::Status;
  return {{"the model has no running statistics, which would carry what was removed along",
           model.buffers().empty() ? Status::kChecked : Status::kFails},
          {"the settings were not chosen by looking at the data", Status::kAssumed},
          {"inputs do not depend on the rows that are removed",
           task.retain.dataset->is_fitted_to_rows ? Status::kAssumed : Status::kChecked}};
}

double read_largest_noise(const Settings& settings) {
  return settings.real(
      "largest_noise",
      {.default_value = 1, .above = 0, .doc = "length of the noise over that of theta, at most"});
}

std::string too_noisy(const Tensor& theta, double sigma, double largest_noise, double epsilon) {
  const double length = theta.to(at::kDouble).norm().item<double>();
  const double noise = sigma * std::sqrt(static_cast<double>(theta.numel()));
  if (noise <= largest_noise * length) return "";
  return fmt::format(
      "the noise that epsilon = {:g} asks for is {:.3g} times as long as the parameters, and would "
      "be all that is left: more l2, more data or a larger epsilon make it smaller, and "
      "`largest_noise` allows it",
      epsilon, noise / length);
}

UnlearnReport certified(const Certificate& certificate) {
  if (!certificate.holds()) return refused(certificate, certificate.refusal());
  UnlearnReport report;
  report.details["certificate"] = certificate.to_json();
  return report;
}

UnlearnReport refused(const Certificate& certificate, std::string why) {
  UnlearnReport report;
  report.details["assumptions"] = certificate.assumptions_json();
  report.status = UnlearnStatus::kRefused;
  report.message = std::move(why);
  return report;
}

UnlearnReport nothing_to_forget(const Task& task) {
  UnlearnReport report;
  report.message = "there is nothing to forget";
  report.state = task.state;
  return report;
}

void note_nothing_released(const Task& task, UnlearnReport& report) {
  report.state = task.state;
  report.status = UnlearnStatus::kStopped;
  report.details.erase("certificate");
  report.message = "stopped before the last step: nothing is released";
}

void NoisySteps::take(Model& model, const Task& task, Context& context,
                      const std::function<void(const Tensor& gradient)>& move) const {
  TrainingRecipe recipe = task.recipe;
  recipe.objective.l2 = 0;
  recipe.optimizer = {.name = "sgd", .lr = eta};
  recipe.clip_norm = 0;
  if (batch_size > 0) recipe.batch_size = batch_size;
  Descent descent(model, recipe, context);
  BatchStream retain = descent.batches(task.retain);
  Generator noise = context.generator.stream("noise");
  for (std::int64_t t = 0; t < count; ++t) {
    move(descent.gradient(descent.loss(retain.next())));
    add_noise(model, sigma, noise);
  }
}

double cost_of_release(std::int64_t noisy_steps, const DescentSettings& steps, const Task& task) {
  const std::int64_t batch = steps.batch_size > 0 ? steps.batch_size : task.recipe.batch_size;
  return static_cast<double>(task.retain.size() * steps.epochs + batch * noisy_steps);
}

void finetune_released(Model& model, const Task& task, const DescentSettings& steps,
                       Context& context, UnlearnReport& report) {
  if (steps.epochs == 0) return;
  const UnlearnReport training =
      report_of(train(model, task.retain, steps.recipe(task.recipe), context));
  report.details["finetuning"] = training.details;
  report.status = training.status;
  report.message = training.message;
}

}  // namespace oubli
