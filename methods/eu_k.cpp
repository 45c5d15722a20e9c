// EU-k: exact unlearning of the last k layers.
//
//   theta' = A(D_r + D_a; seed) over the parameters of the last k layers, drawn anew; the others
//   keep what they are
//
// with the recipe of the original. Source: Goel et al. 2022 (arXiv 2201.06640); layers are counted
// as cf_k counts them. With all layers it is retraining, bit for bit at the same seed; with one,
// cross-entropy and l2 it is the convex regression on the features of the layers before. Cost: n_r
// times the epochs.
#include "core/nn/parameter_groups.h"
#include "core/unlearn/unlearner.h"

namespace oubli {
namespace {

class ExactUnlearningK : public Unlearner {
 public:
  explicit ExactUnlearningK(const Settings& settings)
      : layers_(settings.integer("layers", {.default_value = 1,
                                            .at_least = 1,
                                            .doc = "k: layers with weights that are drawn anew "
                                                   "and trained"})) {}

  std::optional<double> estimate_cost(const Task& task) const override {
    if (task.recipe.optimizer.is_full_batch()) return std::nullopt;
    return static_cast<double>(task.retain.size() * task.recipe.epochs);
  }

  UnlearnReport unlearn(Model& model, const Task& task, Context& context) const override {
    const Tensor last = last_layers(model, layers_);
    Generator initialisation = context.generator.stream("initialisation");
    model.initialise(initialisation, last);
    return report_of(train(model, task.retain, task.recipe, context, {.movable = last}));
  }

 private:
  std::int64_t layers_;
};

}  // namespace

MethodInfo eu_k_method() {
  return {.name = "eu_k",
          .summary = "draws the last k layers anew and trains them on what remains",
          .reference = "Goel et al. 2022, arXiv 2201.06640",
          .definition =
              "The parameters from the k-th last weight matrix or kernel on are drawn as their "
              "layers declare and trained with the original's recipe on what remains and what is "
              "added; the others keep their bits.",
          .needs_retain_data = true,
          .needs_forget_data = false,
          .supports_adding = true,
          .takes_sequences = true,
          .make = make_unlearner<ExactUnlearningK>};
}

}  // namespace oubli
