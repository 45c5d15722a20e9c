// The derivative of the whole training in each example's weight, taken backwards through its steps:
// where training stopped early, what its end cannot tell.
//
//   effect[i, t] = - d l_t(theta_T) / d w_i at w = 1, by core/attribution/training_adjoint.h
//
// Source: Ilyas and Engstrom 2025 (arXiv 2504.16430, MAGIC). Derived here is `data_share`: a model
// trained on a random share s of the data for as many epochs takes a share s of the steps. The
// middle of all such subsets is all data with a weight of s each, which is all data for a share s
// of the epochs; the derivative there is right to second order in what a subset has more or less,
// where that at the whole set is so to first. For leave-one-out it is 1, for scores over random
// halves 0.5.
//
// `runs` trainings, with starts and orders of their own but for the first, which are the
// original's, are averaged: what depends on the order goes, and the expectation over trainings is
// what tests of a retrained model show.
//
// Needs SGD, with or without momentum, no clipping or augmentation, and a network without batch
// normalisation and dropout. Cost: for each run that of training, and 2 n epochs tests.
#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/attribution/attributor.h"
#include "core/attribution/training_adjoint.h"

namespace oubli {
namespace {

class Unrolled : public Attributor {
 public:
  explicit Unrolled(const Settings& settings)
      : data_share_(settings.real(
            "data_share",
            {.default_value = 1,
             .above = 0,
             .at_most = 1,
             .doc = "share of the data that the models in question are trained on, and so of the "
                    "epochs: 1 to leave one out, 0.5 for random halves"})),
        runs_(settings.integer(
            "runs", {.default_value = 1, .at_least = 1, .doc = "trainings that are averaged"})) {}

  double estimate_cost(const AttributionTask& task) const override {
    const auto visits =
        static_cast<double>(runs_ * task.train.size() * part_of(task.recipe.epochs));
    return visits * (1 + 2 * static_cast<double>(task.tests.size()));
  }

  void require_fitting(const Model& model, const AttributionTask& task) const override {
    require_differentiable(model, task.train, task.recipe);
  }

  Attribution attribute(const Model& model, const AttributionTask& task,
                        Context& context) const override {
    const TrainingRecipe recipe = shortened(task);
    Attribution found;
    for (std::int64_t run = 0; run < runs_; ++run) {
      Context own(context);
      own.cost = {};
      own.progress = [&context, run, runs = runs_](double share) {
        context.progress((static_cast<double>(run) + share) / static_cast<double>(runs));
      };
      const Generator training =
          run == 0 ? task.training : context.generator.stream(fmt::format("run {}", run));
      Model moving = model.clone();
      const Tensor effect = training_adjoint(moving, task.train, task.tests, recipe, training, own);
      context.cost.add(own.cost);
      if (!effect.defined()) {
        found.refusal = "stopped before the end";
        return found;
      }
      found.effect = found.effect.defined() ? found.effect + effect : effect;
    }
    found.effect.div_(static_cast<double>(runs_));
    found.details["epochs"] = recipe.epochs;
    if (!found.effect.isfinite().all().item<bool>()) {
      found.refusal =
          "the derivative of the training is not finite: its steps amplify changes without bound";
    }
    return found;
  }

 private:
  std::int64_t part_of(std::int64_t epochs) const {
    return std::max<std::int64_t>(1, std::llround(data_share_ * static_cast<double>(epochs)));
  }
  // What counts epochs of the rate's schedule is shortened with them.
  TrainingRecipe shortened(const AttributionTask& task) const {
    TrainingRecipe recipe = task.recipe;
    recipe.epochs = part_of(recipe.epochs);
    recipe.schedule.every = part_of(recipe.schedule.every);
    for (std::int64_t& milestone : recipe.schedule.milestones) milestone = part_of(milestone);
    return recipe;
  }

  double data_share_;
  std::int64_t runs_;
};

}  // namespace

AttributorInfo unrolled_attributor() {
  return {
      .name = "unrolled",
      .summary = "the derivative of the whole training in each example's weight",
      .reference = "Ilyas and Engstrom 2025, arXiv 2504.16430; the share of data derived here",
      .definition =
          "effect = - sum over the steps s with i in the batch B of p_s . (g_i - g_B) / (b - 1) "
          "+ sum over all steps of p_s . theta_s l2 / (n - 1), p_s the derivative of the test's "
          "loss at the end in that step's gradient, and p_s . (g_i + l2 theta_s) of a batch of "
          "one; of a training on all data for round(data_share epochs) epochs, whose schedule "
          "is as much shorter, averaged over `runs` of them",
      .version = 2,
      .make = make_attributor<Unrolled>};
}

}  // namespace oubli
