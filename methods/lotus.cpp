// LoTUS: learning the original's predictions, blurred on the forget set, sharp elsewhere.
//
//   t  on D_u: softmax((f_o + g) / tau),  on a drawn share of D_r: one-hot at argmax(f_o + g)
//      g Gumbel noise, drawn anew for each batch; f_o the original's outputs
//   tau = exp(alpha (acc(D_u) - acc(validation))), before each epoch, the latter the original's
//   steps on the mean over both, in one random order, of the cross-entropy of softmax(f) to t
//
// so that the better the forget set is still known, the flatter what is learnt there; the loop ends
// once it is known worse than validation examples by `margin`. The one-hot target is a draw from
// softmax(f_o). Source: Spartalis et al. 2025 (arXiv 2503.18314), alpha of their CIFAR-100 and
// other runs (8 for CIFAR-10), AdamW at 1e-4. Their code rounds the accuracies to two digits before
// it uses them: here they are not rounded. For a whole class they compare with 0: `reference:
// zero`. l2 is left out. Classification only. Cost: 4/3 (m + share n_r) and m / 3 for each epoch,
// and a look at the validation examples.
#include <ATen/ATen.h>
#include <fmt/format.h>

#include <cmath>

#include "core/train/descent_settings.h"
#include "core/unlearn/accuracy.h"
#include "core/unlearn/relabelling.h"
#include "core/unlearn/retain_share.h"
#include "core/unlearn/teacher.h"
#include "core/unlearn/unlearner.h"

namespace oubli {
namespace {

class Lotus : public Unlearner {
 public:
  explicit Lotus(const Settings& settings)
      : alpha_(settings.real(
            "alpha", {.default_value = 2, .at_least = 0, .doc = "how steep tau is in the gap"})),
        share_(RetainShare::read(settings)),
        margin_(settings.real("margin", {.default_value = 0.01,
                                         .at_least = 0,
                                         .doc = "by which the accuracy must have fallen below the "
                                                "reference"})),
        is_zero_(settings.choice("reference", {.default_value = "validation",
                                               .valid = {"validation", "zero"},
                                               .doc = "accuracy to come down to: of the original "
                                                      "on validation examples, or 0 (classes)"}) ==
                 "zero"),
        steps_(DescentSettings::read(settings,
                                     {.epochs = 10,
                                      .lr = 1e-4,
                                      .optimizer = "adamw",
                                      .weight_decay = 5e-4,
                                      .batch_size = 128},
                                     "the forget set and the share of what remains")) {}

  std::optional<double> estimate_cost(const Task& task) const override {
    const auto m = static_cast<double>(task.forget.size());
    const double examples = m + share_.share * static_cast<double>(task.retain.size());
    return (4.0 / 3.0 * examples + m / 3) * static_cast<double>(steps_.epochs + 1) +
           static_cast<double>(task.validation.size()) / 3;
  }

  UnlearnReport unlearn(Model& model, const Task& task, Context& context) const override {
    require_classes(task, "lotus");
    if (!is_zero_ && task.validation.empty()) {
      throw Error(ErrorKind::kTask,
                  "lotus compares with validation examples: set data.validation_fraction, or "
                  "reference: zero");
    }
    if (task.forget.empty()) return {};
    const Teacher original(model);
    const auto accuracy_on = [&](const Subset& subset) {
      return accuracy(model, subset, task.objective(), context.cost);
    };
    const double reference = is_zero_ ? 0 : accuracy_on(task.validation);
    TrainingRecipe recipe = steps_.recipe(task.recipe);
    recipe.objective.l2 = 0;
    Descent descent(model, recipe, context);
    BatchStream all = descent.batches(share_.with_forget_set(task, context));
    Generator noise = context.generator.stream("gumbel");
    double gap = accuracy_on(task.forget) - reference;
    const double first = gap;
    while (gap > -margin_ && descent.next_epoch()) {
      const double temperature = std::exp(alpha_ * gap);
      for (const Batch& batch : all) {
        const Tensor scores = task.objective().class_scores(original.outputs(batch, context));
        const Tensor wanted =
            targets(scores + gumbel(scores, noise), temperature, is_forgotten(batch, task));
        descent.step(descent.loss(batch, [&](const Tensor& outputs) {
          return divergence_to(task.objective(), wanted, outputs);
        }));
      }
      gap = accuracy_on(task.forget) - reference;
    }
    if (gap <= -margin_) descent.next_epoch();  // closes the last one
    UnlearnReport report = report_of(descent.report());
    if (gap <= -margin_ && report.message.empty()) {
      report.message = fmt::format(
          "ended after {} epochs: accuracy on the forget set is {:.4g} below the reference",
          descent.report().epochs, -gap);
    }
    report.details["first_gap"] = first;
    report.details["last_gap"] = gap;
    return report;
  }

 private:
  static Tensor gumbel(const Tensor& like, Generator& noise) {
    const Tensor uniform = noise.uniform(like.sizes(), at::kDouble).clamp_min(1e-300);
    return -(-uniform.log()).log().to(like.scalar_type());
  }

  static Tensor targets(const Tensor& noisy, double temperature, const Tensor& forgotten) {
    const Tensor sharp = at::zeros_like(noisy).scatter(1, noisy.argmax(1, /*keepdim=*/true), 1.0);
    return at::where(forgotten, (noisy / temperature).softmax(1), sharp);
  }

  double alpha_;
  RetainShare share_;
  double margin_;
  bool is_zero_;
  DescentSettings steps_;
};

}  // namespace

MethodInfo lotus_method() {
  return {.name = "lotus",
          .summary = "learns the original's predictions, the flatter the better D_u is known",
          .reference = "Spartalis et al. 2025, arXiv 2503.18314",
          .definition =
              "Epochs over the forget set and a drawn share of what remains, on the mean "
              "cross-entropy to softmax((f_o + g) / tau) on the former and to one-hot(argmax(f_o + "
              "g)) on the latter, g Gumbel noise for each use, tau = exp(alpha gap), gap the "
              "model's accuracy on the forget set minus the original's on validation examples (or "
              "0); until the gap is -margin or less; without l2.",
          .needs_retain_data = true,
          .needs_forget_data = true,
          .supports_adding = false,
          .make = make_unlearner<Lotus>};
}

}  // namespace oubli
