// MEMIT: all facts at once, spread over several layers' memories.
//
//   for each layer, in order:   W += R K' (lambda C0 + K K')^-1,   R = (Z - h) / (layers left)
//
// K holds the facts' keys, means over their wordings, h the residual stream behind the last of the
// layers at the edited tokens, Z = h + delta what it should be (core/unlearn/memory_edit.h).
// It is the ridge regression that W is taken to be the solution of, with r more points: lambda C0
// for the Gram matrix of what it has been fitted to. Source: Meng et al. 2023 (arXiv 2210.07229),
// equation 14 and algorithm 1.
//
// lambda is a number of text tokens. How far a key moves depends on k' C0^-1 k, whose mean over the
// text is the number of inputs of the memory: lambda is therefore given over that number. Published
// are 15,000 for GPT-J with 16,384 inputs, 0.92, at which a usual key moves by half of R.
//
// Deviations: as ROME's; the clamp of delta is 2 |h|, published 0.75. Cost: n_r / 3 for C0, two
// thirds of steps for each wording of each fact, and a forward pass of these for each layer.
#include <ATen/ATen.h>

#include "core/unlearn/memory_edit.h"
#include "core/unlearn/memory_writes.h"
#include "core/unlearn/unlearner.h"

namespace oubli {
namespace {

class Memit : public Unlearner {
 public:
  explicit Memit(const Settings& settings)
      : edit_(MemoryEdit::read(
            settings, {.values = {.clamp = 2, .is_of_stream = true}, .takes_layers = true})),
        lambda_(settings.real("lambda", {.default_value = 0.92,
                                         .at_least = 0,
                                         .doc = "weight of the text's keys, C0, over the number of "
                                                "the memory's inputs"})),
        ridge_(read_ridge(settings)) {}

  std::optional<double> estimate_cost(const Task& task) const override {
    return edit_.estimate_cost(task);
  }

  void require(const Task& task) const override { edit_.require(task); }

  UnlearnReport unlearn(Model& model, const Task& task, Context& context) const override {
    return edit_.run(model, task, context, [&](const MemoryRequest& request) {
      // In as many unknowns as facts: lambda may be 0.
      const double lambda = lambda_ * static_cast<double>(request.memory.in);
      return metric_write(request.text.mean(ridge_), request.keys, request.residual, lambda);
    });
  }

 private:
  MemoryEdit edit_;
  double lambda_;
  double ridge_;
};

}  // namespace

MethodInfo memit_method() {
  return {
      .name = "memit",
      .summary = "writes all facts at once into the MLPs of several layers, by ridge regression",
      .reference = "Meng et al. 2023, arXiv 2210.07229",
      .definition =
          "For each of `layers`, in order, W = h.K.mlp.c_proj.weight: W += R K' (lambda d C + K "
          "K')^-1, d the number of inputs of W, C as in rome, K [d, r] the mean keys of the r "
          "facts "
          "of the edit, R = (Z - h) / (layers left), h the residual stream behind the last of the "
          "layers at the edited token, mean over the wordings, at present, Z = h + delta "
          "before the first change. delta as in rome at the last layer, searched for all facts at "
          "once, with |h| in the place of |v|.",
      .supports_adding = true,
      .takes_labels = false,
      .takes_sequences = true,
      .make = make_unlearner<Memit>};
}

}  // namespace oubli
