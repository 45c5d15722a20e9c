// Task-vector negation.
//
//   tau = theta_u - theta,  theta_u = SGD(J(.; D_u)) from theta;   theta' = theta - scale tau
//
// Source: Ilharco et al. 2023 (arXiv 2212.04089); from the model itself rather than from a
// pre-trained one, as in MUSE (Shi et al. 2025, arXiv 2407.06460). Linear in `scale`. A model that
// has learnt its forget set perfectly has no gradient there and no task vector. The fine-tuning is
// finetune's by default: theirs is of pre-trained models, and `scale` searched up to 1.5. Cost: m
// times the epochs.
#include <ATen/ATen.h>

#include "core/train/descent_settings.h"
#include "core/unlearn/unlearner.h"

namespace oubli {
namespace {

class TaskVector : public Unlearner {
 public:
  explicit TaskVector(const Settings& settings)
      : scale_(settings.real("scale", {.default_value = 1, .doc = "of the vector taken away"})),
        steps_(DescentSettings::read(settings, {.epochs = 10, .lr = 0.01}, "the forget set")) {}

  std::optional<double> estimate_cost(const Task& task) const override {
    return static_cast<double>(task.forget.size() * steps_.epochs);
  }

  UnlearnReport unlearn(Model& model, const Task& task, Context& context) const override {
    if (task.forget.empty()) return {};
    Model reinforced = model.clone();
    UnlearnReport report =
        report_of(train(reinforced, task.forget, steps_.recipe(task.recipe), context));
    const Tensor vector = reinforced.theta() - model.theta();
    model.add_to_theta(vector, -scale_);
    report.details["vector_norm"] = vector.norm().item<double>();
    return report;
  }

 private:
  double scale_;
  DescentSettings steps_;
};

}  // namespace

MethodInfo task_vector_method() {
  return {.name = "task_vector",
          .summary = "learns the forget set still better, and goes as far the other way",
          .reference = "Ilharco et al. 2023, arXiv 2212.04089; Shi et al. 2025, arXiv 2407.06460",
          .definition =
              "theta' = theta - scale (theta_u - theta), theta_u the parameters after finetune on "
              "the forget set from theta, l2 included.",
          .needs_retain_data = false,
          .needs_forget_data = true,
          .supports_adding = false,
          .takes_sequences = true,
          .make = make_unlearner<TaskVector>};
}

}  // namespace oubli
