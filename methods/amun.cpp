// AMUN: each forgotten example is replaced by the nearest input that the original takes for another
// class, with that class as its label.
//
//   x', y'  core/unlearn/nearest_mistakes.h, by the original
//   fine-tuning on D_r and the pairs (x', y'), in one random order
//
// Since x' lies next to x and y' is what the model says there, the boundary moves little, and the
// confidence on x falls. Source: Ebrahimpour-Boroojeny et al. 2025 (arXiv 2503.00917), 50 steps of
// ascent in L2; `retain: none`, theirs too, trains on the pairs alone. Examples for which
// `doublings` radii find nothing are left out, and counted in the report. Pairs are not augmented.
// Classification only. Cost: at most 2/3 m ascent_steps (doublings + 1), and (n_r + m) times the
// epochs.
#include <ATen/ATen.h>

#include "core/train/descent_settings.h"
#include "core/unlearn/nearest_mistakes.h"
#include "core/unlearn/relabelling.h"
#include "core/unlearn/unlearner.h"

namespace oubli {
namespace {

class Amun : public Unlearner {
 public:
  explicit Amun(const Settings& settings)
      : search_(MistakeSearch::read(settings)),
        uses_retain_(settings.choice("retain", {.default_value = "all",
                                                .valid = {"all", "none"},
                                                .doc = "what is trained on beside the pairs"}) ==
                     "all"),
        steps_(DescentSettings::read(settings, {.epochs = 10, .lr = 0.01},
                                     "what remains and the pairs")) {}

  std::optional<double> estimate_cost(const Task& task) const override {
    const auto m = static_cast<double>(task.forget.size());
    const double examples = m + (uses_retain_ ? static_cast<double>(task.retain.size()) : 0);
    return 2.0 / 3.0 * m * static_cast<double>((search_.steps + 1) * (search_.doublings + 1)) +
           examples * static_cast<double>(steps_.epochs);
  }

  UnlearnReport unlearn(Model& model, const Task& task, Context& context) const override {
    require_classes(task, "amun");
    const Replacements pairs =
        nearest_mistakes(model, task.forget, task.objective(), search_, context);
    const Tensor rows = uses_retain_ ? rows_union(pairs.rows, task.retain.rows) : pairs.rows;
    Descent descent(model, steps_.recipe(task.recipe), context);
    BatchStream all = descent.batches(task.retain.with_rows(rows));
    while (descent.next_epoch()) {
      for (Batch batch : all) {
        pairs.put(batch);
        descent.step(descent.loss(batch));
      }
    }
    UnlearnReport report = report_of(descent.report());
    report.details["pairs"] = pairs.rows.numel();
    report.details["without_pair"] = task.forget.size() - pairs.rows.numel();
    return report;
  }

 private:
  MistakeSearch search_;
  bool uses_retain_;
  DescentSettings steps_;
};

}  // namespace

MethodInfo amun_method() {
  return {.name = "amun",
          .summary = "learns, for each forgotten example, the nearest input that is mistaken",
          .reference = "Ebrahimpour-Boroojeny et al. 2025, arXiv 2503.00917",
          .definition =
              "For each example of the forget set x' is the first point, of ascent_steps steps of "
              "length 2.5 r / ascent_steps along the normalised derivative of the original's loss "
              "in x, each brought back to the ball of radius r around x and to the range of the "
              "forget set's values in each channel, that the original does not take for y; r = "
              "radius 2^k for k = 0 .. doublings until there is one. Then finetune on what remains "
              "and the x', labelled as the original takes them.",
          .needs_retain_data = true,
          .needs_forget_data = true,
          .supports_adding = true,
          .make = make_unlearner<Amun>};
}

}  // namespace oubli
