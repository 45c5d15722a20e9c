// A plug-in for tests: a method that prints, and fails or crashes where it is told to; and one that
// asks for originals trained with clipped gradients.
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <stdexcept>

#include "experiments/engine/plugin.h"

namespace {

class Chatty : public oubli::Unlearner {
 public:
  explicit Chatty(const oubli::Settings& settings)
      : fails_(settings.flag("fails", {.default_value = false, .doc = "whether it throws"})),
        crashes_(settings.flag("crashes", {.default_value = false, .doc = "whether it aborts"})) {}

  oubli::UnlearnReport unlearn(oubli::Model&, const oubli::Task& task,
                               oubli::Context&) const override {
    std::printf("forgetting %d examples\n", static_cast<int>(task.forget.size()));
    std::cout << "of " << task.train.size() << '\n';
    std::fprintf(stderr, "and saying so\n");
    if (crashes_) std::abort();
    std::printf("without end of line");
    if (fails_) throw std::runtime_error("it was told to fail");
    return {};
  }

 private:
  bool fails_, crashes_;
};

class Clipped : public oubli::Unlearner {
 public:
  explicit Clipped(const oubli::Settings& settings)
      : clip_(settings.real("clip", {.default_value = 0.05, .above = 0, .doc = "of training"})) {}

  oubli::TrainingPlan training_plan(oubli::TrainingPlan standard) const override {
    standard.recipe.clip_norm = clip_;
    return standard;
  }
  oubli::UnlearnReport unlearn(oubli::Model& model, const oubli::Task& task,
                               oubli::Context& context) const override {
    oubli::TrainingRecipe recipe = task.recipe;  // of the plan, clipped too
    recipe.epochs = 1;
    oubli::UnlearnReport report =
        oubli::report_of(oubli::train(model, task.retain, recipe, context));
    report.details["clip_norm"] = recipe.clip_norm;
    return report;
  }

 private:
  double clip_;
};

}  // namespace

OUBLI_PLUGIN(registries) {
  registries.methods.add({.name = "chatty",
                          .summary = "prints",
                          .reference = "a test",
                          .definition = "theta' = theta",
                          .make = oubli::make_unlearner<Chatty>});
  registries.methods.add({.name = "clipped",
                          .summary = "asks for clipped training",
                          .reference = "a test",
                          .definition = "an epoch on what remains",
                          .supports_adding = true,
                          .make = oubli::make_unlearner<Clipped>});
}
