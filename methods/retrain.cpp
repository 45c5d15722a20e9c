// Retraining from scratch: the exact method that every other one is measured against.
//
//   theta' = A(D_r + D_a; seed)
//
// with the recipe, architecture and distribution of starting points of the original, and the same
// number of epochs. The original's parameters are not used. Cost: n_r times the epochs.
#include "core/unlearn/initial_training.h"
#include "core/unlearn/unlearner.h"

namespace oubli {
namespace {

class Retrain : public Unlearner {
 public:
  explicit Retrain(const Settings&) {}

  std::optional<double> estimate_cost(const Task& task) const override {
    if (task.recipe.optimizer.is_full_batch()) return std::nullopt;
    return static_cast<double>(task.retain.size() * task.recipe.epochs);
  }

  UnlearnReport unlearn(Model& model, const Task& task, Context& context) const override {
    UnlearnReport report = report_of(train_from_start(model, task.retain, task.recipe, context));
    report.details["retrained"] = true;  // what a sequence counts
    return report;
  }
};

}  // namespace

MethodInfo retrain_method() {
  return {
      .name = "retrain",
      .summary = "trains from scratch on what remains",
      .reference = "the definition of exact unlearning",
      .definition =
          "theta' = the training recipe on what remains and what is added, from parameters drawn "
          "with another seed than the original's.",
      .needs_retain_data = true,
      .needs_forget_data = false,
      .supports_adding = true,
      .takes_sequences = true,
      .exact = true,
      .make = make_unlearner<Retrain>};
}

}  // namespace oubli
