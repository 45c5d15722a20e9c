// CF-k: catastrophic forgetting of the last k layers.
//
//   theta' = SGD(J(.; D_r + D_a)), from theta, over the parameters of the last k layers alone
//
// Source: Goel et al. 2022 (arXiv 2201.06640); 10 epochs at 0.01 as in SCRUB's notebook (Kurmanji
// et al. 2023, arXiv 2302.09880). Layers are counted from the output backwards, those with a weight
// matrix or kernels; what normalises between them moves too and does not count. Running statistics
// of frozen layers move as in training, as they do in the authors' code. Cost: n_r times the
// epochs.
#include "core/nn/parameter_groups.h"
#include "core/train/descent_settings.h"
#include "core/unlearn/unlearner.h"

namespace oubli {
namespace {

class CatastrophicForgettingK : public Unlearner {
 public:
  explicit CatastrophicForgettingK(const Settings& settings)
      : layers_(settings.integer(
            "layers",
            {.default_value = 1, .at_least = 1, .doc = "k: layers with weights that move"})),
        steps_(DescentSettings::read(settings, {.epochs = 10, .lr = 0.01})) {}

  std::optional<double> estimate_cost(const Task& task) const override {
    return static_cast<double>(task.retain.size() * steps_.epochs);
  }

  UnlearnReport unlearn(Model& model, const Task& task, Context& context) const override {
    return report_of(train(model, task.retain, steps_.recipe(task.recipe), context,
                           {.movable = last_layers(model, layers_)}));
  }

 private:
  std::int64_t layers_;
  DescentSettings steps_;
};

}  // namespace

MethodInfo cf_k_method() {
  return {.name = "cf_k",
          .summary = "goes on training the last k layers, on what remains only",
          .reference = "Goel et al. 2022, arXiv 2201.06640",
          .definition =
              "finetune over the parameters from the k-th last weight matrix or kernel on; the "
              "others keep their bits.",
          .needs_retain_data = true,
          .needs_forget_data = false,
          .supports_adding = true,
          .takes_sequences = true,
          .make = make_unlearner<CatastrophicForgettingK>};
}

}  // namespace oubli
