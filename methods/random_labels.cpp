// Fine-tuning with random labels on the forget set.
//
//   min  mean over D_r + D_a of l(x, y)  and over D_u of l(x, y'),   y' random
//
// Two published kinds, Golatkar et al. 2020 (arXiv 1911.04933) being the first source of both:
//   each_time   y' uniform over all classes, the true one too, drawn anew for each batch; an epoch
//               is a pass over D_u and then one over D_r: SalUn's code for CIFAR-10 (Fan et al.
//               2024, arXiv 2310.12508)
//               whose 10 epochs are the default; the rate they search from 5e-4 to 5e-2
//   once        y' uniform over the other classes, drawn once; an epoch is a pass over both in one
//               random order: "amnesiac" in the code of SSD and of bad teaching (Graves et al.
//               2021, arXiv 2010.10981)
// Random labels push the loss of the forget set above a retrained model's. Classification only:
// Error(kTask). Cost: (n_r + m) times the epochs.
#include <ATen/ATen.h>

#include "core/train/descent_settings.h"
#include "core/unlearn/relabelling.h"
#include "core/unlearn/unlearner.h"

namespace oubli {
namespace {

class RandomLabels : public Unlearner {
 public:
  explicit RandomLabels(const Settings& settings)
      : settings_(RandomLabelSettings::read(settings)),
        steps_(DescentSettings::read(settings, {.epochs = 10, .lr = 0.01})) {}

  std::optional<double> estimate_cost(const Task& task) const override {
    return static_cast<double>((task.retain.size() + task.forget.size()) * steps_.epochs);
  }

  UnlearnReport unlearn(Model& model, const Task& task, Context& context) const override {
    Descent descent(model, steps_.recipe(task.recipe), context);
    descend_on_random_labels(descent, task, settings_, context);
    return report_of(descent.report());
  }

 private:
  RandomLabelSettings settings_;
  DescentSettings steps_;
};

}  // namespace

MethodInfo random_labels_method() {
  return {.name = "random_labels",
          .summary = "goes on training with random labels on the forget set",
          .reference =
              "Golatkar et al. 2020, arXiv 1911.04933; Graves et al. 2021, arXiv "
              "2010.10981; Fan et al. 2024, arXiv 2310.12508",
          .definition =
              "draw each_time: an epoch is a pass over the forget set, each batch with labels "
              "uniform over all classes, then one over what remains and is added. draw once: one "
              "label for each forgotten example, uniform over the other classes, and epochs over "
              "both sets in one order.",
          .needs_retain_data = true,
          .needs_forget_data = true,
          .supports_adding = true,
          .takes_sequences = true,
          .make = make_unlearner<RandomLabels>};
}

}  // namespace oubli
