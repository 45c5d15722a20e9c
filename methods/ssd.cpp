// Selective synaptic dampening (SSD).
//
//   theta_i <- theta_i min( (lambda I_D,i / I_u,i)^exponent, 1 )   where I_u,i > alpha I_D,i
//
// with I_S the importance of each parameter to the set S at theta, I_D over what the original was
// trained on. `importance: per_example` is the mean of squared gradients of single examples, the
// diagonal of the empirical Fisher; `batch_mean_squared`, the released code's, squares the mean
// gradient of each batch and so depends on batch size and order. Source: Foster et al. 2024 (arXiv
// 2308.07707), alpha 10 and lambda 1 of their scripts. No training: large alpha forgets nothing, a
// small one, or a large forget set, ruins the model. Cost: n + m.
#include <ATen/ATen.h>

#include "core/curvature/fisher_diagonal.h"
#include "core/unlearn/dampening.h"
#include "core/unlearn/unlearner.h"

namespace oubli {
namespace {

class SelectiveSynapticDampening : public Unlearner {
 public:
  explicit SelectiveSynapticDampening(const Settings& settings)
      : dampening_(Dampening::read(settings)),
        is_batched_(settings.choice("importance",
                                    {.default_value = "per_example",
                                     .valid = {"per_example", "batch_mean_squared"},
                                     .doc = "squares of single examples' gradients, or of those "
                                            "of batches of 128"}) == "batch_mean_squared") {}

  std::optional<double> estimate_cost(const Task& task) const override {
    return static_cast<double>(task.train.size() + task.forget.size());
  }

  UnlearnReport unlearn(Model& model, const Task& task, Context& context) const override {
    const auto importance = [&](const Subset& subset) {
      const Objective& objective = task.objective();
      if (is_batched_) return batch_mean_squared(model, subset, objective, context.cost);
      return fisher_diagonal(FisherTargets::kEmpirical, model, subset, objective, context.cost)
          .values;
    };
    if (task.forget.empty()) return {};
    return dampen(model, importance(task.train), importance(task.forget), dampening_);
  }

 private:
  Dampening dampening_;
  bool is_batched_;
};

}  // namespace

MethodInfo ssd_method() {
  return {.name = "ssd",
          .summary = "shrinks the parameters that matter to the forget set more than to the rest",
          .reference = "Foster et al. 2024, arXiv 2308.07707",
          .definition =
              "theta_i is multiplied by min((lambda I_D,i / I_u,i)^exponent, 1) where I_u,i > "
              "alpha I_D,i; I_S,i the mean over S of the squared derivative of an example's loss, "
              "or over batches of 128 of that of the batch's mean loss.",
          .needs_retain_data = true,
          .needs_forget_data = true,
          .supports_adding = false,
          .takes_sequences = true,
          .make = make_unlearner<SelectiveSynapticDampening>};
}

}  // namespace oubli
