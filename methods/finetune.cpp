// Fine-tuning on the retain set: forgetting through catastrophic forgetting alone.
//
//   theta' = SGD(J(.; D_r + D_a)), from theta
//
// Source: the baseline of Golatkar et al. 2020 (arXiv 1911.04933). The objective, its regulariser
// included, is that of training; the optimiser's state starts anew. A model that interpolates its
// retain set has almost no gradient there and hardly moves. Cost: n_r times the epochs.
#include "core/unlearn/unlearner.h"

namespace oubli {
namespace {

class Finetune : public Unlearner {
 public:
  explicit Finetune(const Settings& settings) {
    epochs_ = settings.integer(
        "epochs", {.default_value = 10, .at_least = 0, .doc = "passes over the retain set"});
    lr_ = settings.real("lr",
                        {.default_value = 0.01, .above = 0, .doc = "learning rate at the start"});
    momentum_ = settings.real(
        "momentum",
        {.default_value = 0.9, .at_least = 0, .below = 1, .doc = "share of the last step kept"});
    batch_size_ = settings.integer(
        "batch_size",
        {.default_value = 0, .at_least = 0, .doc = "examples in one step; 0: as in training"});
    schedule_ = Schedule::read(settings);
  }

  std::optional<double> estimate_cost(const Task& task) const override {
    return static_cast<double>(task.retain.size() * epochs_);
  }

  UnlearnReport unlearn(Model& model, const Task& task, Context& context) const override {
    TrainingRecipe recipe = task.recipe;
    recipe.optimizer = {.name = "sgd", .lr = lr_, .momentum = momentum_};
    recipe.schedule = schedule_;
    recipe.epochs = epochs_;
    if (batch_size_ > 0) recipe.batch_size = batch_size_;
    return report_of(train(model, task.retain, recipe, context));
  }

 private:
  std::int64_t epochs_, batch_size_;
  double lr_, momentum_;
  Schedule schedule_;
};

}  // namespace

MethodInfo finetune_method() {
  return {.name = "finetune",
          .summary = "goes on training, on what remains only",
          .reference = "Golatkar et al. 2020, arXiv 1911.04933 (baseline)",
          .definition =
              "Stochastic gradient descent from theta on the training objective, l2 included, over "
              "what remains and what is added: lr, momentum, schedule and epochs of its own; "
              "augmentation and clip_norm of training.",
          .needs_retain_data = true,
          .needs_forget_data = false,
          .supports_adding = true,
          .make = make_unlearner<Finetune>};
}

}  // namespace oubli
