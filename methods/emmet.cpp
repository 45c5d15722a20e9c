// EMMET: ROME for many facts at once, by one change of one layer's memory.
//
//   W <- W + R (K' C^-1 K + lambda_e I)^-1 K' C^-1,   C = d C0
//
// with K [d, r] the facts' keys and R = delta what their values lack: for lambda_e = 0 the smallest
// change, in the metric C, that gives every key its value exactly; otherwise MEMIT's at one layer,
// with lambda = lambda_e. Source: Gupta et al. 2024 (arXiv 2403.14236), equation 6. Published are
// lambda_e 0.1 with 10,000 C0, for stability alone: over GPT-J's 16,384 inputs 0.06 of d C0, by
// which a usual key's product k' C^-1 k is 1.
//
// Deviations and cost: as ROME's; one fact with lambda_e 0 is r_rome.
#include <ATen/ATen.h>

#include "core/unlearn/memory_edit.h"
#include "core/unlearn/memory_writes.h"
#include "core/unlearn/unlearner.h"

namespace oubli {
namespace {

class Emmet : public Unlearner {
 public:
  explicit Emmet(const Settings& settings)
      : edit_(MemoryEdit::read(settings, {})),
        lambda_(settings.real("lambda_e", {.default_value = 0.06,
                                           .at_least = 0,
                                           .doc = "how far values may stay behind; 0: not at all. "
                                                  "A usual key of the text counts 1"})),
        ridge_(read_ridge(settings)) {}

  std::optional<double> estimate_cost(const Task& task) const override {
    return edit_.estimate_cost(task);
  }

  void require(const Task& task) const override { edit_.require(task); }

  UnlearnReport unlearn(Model& model, const Task& task, Context& context) const override {
    return edit_.run(model, task, context, [&](const MemoryRequest& request) {
      const Tensor c = static_cast<double>(request.memory.in) * request.text.mean(ridge_);
      return metric_write(c, request.keys, request.residual, lambda_);
    });
  }

 private:
  MemoryEdit edit_;
  double lambda_;
  double ridge_;
};

}  // namespace

MethodInfo emmet_method() {
  return {
      .name = "emmet",
      .summary = "ROME for all facts at once: one change of one MLP, exact or nearly",
      .reference = "Gupta et al. 2024, arXiv 2403.14236",
      .definition =
          "W = h.`layer`.mlp.c_proj.weight: W += R (K' (d C)^-1 K + lambda_e I)^-1 K' (d C)^-1; "
          "d, C, K as in memit, R = delta as in rome, searched for all facts at once.",
      .supports_adding = true,
      .takes_labels = false,
      .takes_sequences = true,
      .make = make_unlearner<Emmet>};
}

}  // namespace oubli
