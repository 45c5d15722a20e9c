// NegMerge: several task vectors, merged where their signs agree.
//
//   tau_k = theta_k - theta,  theta_k = SGD(J(.; D_u)) from theta, k = 1 .. K
//   tau_i = mean of tau_k,i where all K have the same sign, else 0;   theta' = theta - scale tau
//
// Source: Kim et al. 2024 (arXiv 2410.05583), whose K fine-tunings differ in their settings: here
// in the order of their batches and in rates spaced evenly on a log scale from lr / spread to lr
// spread. With K = 1 it is task_vector, whose fine-tuning it has by default; K and `spread` are
// this toolkit's, and `scale` is to be searched. Cost: K m times the epochs.
#include <ATen/ATen.h>
#include <fmt/format.h>

#include <cmath>

#include "core/train/descent_settings.h"
#include "core/unlearn/unlearner.h"

namespace oubli {
namespace {

class NegMerge : public Unlearner {
 public:
  explicit NegMerge(const Settings& settings)
      : models_(settings.integer("models", {.default_value = 5,
                                            .at_least = 1,
                                            .at_most = 1000,
                                            .doc = "K: fine-tunings that are merged"})),
        spread_(settings.real("spread", {.default_value = 2,
                                         .at_least = 1,
                                         .doc = "rates lie between lr / spread and lr spread"})),
        scale_(settings.real("scale", {.default_value = 1, .doc = "of the vector taken away"})),
        steps_(DescentSettings::read(settings, {.epochs = 10, .lr = 0.01}, "the forget set")) {}

  std::optional<double> estimate_cost(const Task& task) const override {
    return static_cast<double>(models_ * task.forget.size() * steps_.epochs);
  }

  UnlearnReport unlearn(Model& model, const Task& task, Context& context) const override {
    UnlearnReport report;
    if (task.forget.empty()) return report;
    Tensor sum, signs;
    for (std::int64_t k = 0; k < models_; ++k) {
      Model reinforced = model.clone();
      TrainingRecipe recipe = steps_.recipe(task.recipe);
      recipe.optimizer.lr *= std::pow(spread_, position(k));
      // Its own order of batches; the first as task_vector's.
      const std::uint64_t seed = k == 0
                                     ? context.generator.seed()
                                     : context.generator.stream(fmt::format("model {}", k)).seed();
      Context part(seed);
      part.stop = context.stop;
      part.budget = context.budget - context.cost.sample_gradients();
      const TrainingReport training = train(reinforced, task.forget, recipe, part);
      context.cost.add(part.cost);
      context.progress(static_cast<double>(k + 1) / static_cast<double>(models_));
      if (training.status != TrainingStatus::kCompleted) {
        report = report_of(training);
        if (!report.usable() || report.status == UnlearnStatus::kStopped) return report;
      }
      const Tensor vector = (reinforced.theta() - model.theta()).to(at::kDouble);
      sum = sum.defined() ? sum + vector : vector;
      signs = signs.defined() ? signs + vector.sign() : vector.sign();
    }
    const Tensor agree = signs.abs().eq(static_cast<double>(models_));
    const Tensor merged = at::where(agree, sum / static_cast<double>(models_), 0.0);
    model.add_to_theta(merged, -scale_);
    report.details["agreeing"] = agree.sum().item<std::int64_t>();
    report.details["vector_norm"] = merged.norm().item<double>();
    return report;
  }

 private:
  // From -1 to 1 over the models; 0 for one.
  double position(std::int64_t k) const {
    if (models_ == 1) return 0;
    return 2 * static_cast<double>(k) / static_cast<double>(models_ - 1) - 1;
  }

  std::int64_t models_;
  double spread_, scale_;
  DescentSettings steps_;
};

}  // namespace

MethodInfo neg_merge_method() {
  return {.name = "neg_merge",
          .summary = "takes away what several fine-tunings on the forget set agree on",
          .reference = "Kim et al. 2024, arXiv 2410.05583",
          .definition =
              "theta' = theta - scale tau, tau_i the mean of the task vectors of `models` "
              "fine-tunings on the forget set where all have the same sign, else 0; they differ in "
              "order and in rates spaced evenly in log from lr / spread to lr spread.",
          .needs_retain_data = false,
          .needs_forget_data = true,
          .supports_adding = false,
          .takes_sequences = true,
          .make = make_unlearner<NegMerge>};
}

}  // namespace oubli
