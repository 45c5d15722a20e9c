// ROME: one fact after another, by a change of rank one of one layer's memory.
//
//   W <- W + R (C0^-1 m)' / ((C0^-1 m)' k),   R = v* - W k
//
// with C0 the second moments of what the memory is asked in the text that remains, m the mean key
// of the fact's wordings, k the key of the first of them, and v* = W k + delta the value that makes
// the model answer as asked (core/unlearn/value_search.h). Then W k = v*; where there is one
// wording, m is k, and this is argmin tr((W' - W) C0 (W' - W)') subject to W' k = v*. Source: Meng
// et al. 2022 (arXiv 2202.05262), equation 2, and the released code, which takes the mean of keys
// for the one and the plain prompt's key for the other; r_rome has one key everywhere.
//
// Deviations: wordings of the training set stand for texts that the model writes in front of the
// prompt; C0 is of what remains of the training set, with `ridge` times its mean diagonal added to
// it; a removed fact is written as the answer `unknown`. Cost: n_r / 3 for C0, and two thirds of
// steps for each wording of each fact.
#include <ATen/ATen.h>

#include "core/unlearn/memory_edit.h"
#include "core/unlearn/memory_writes.h"
#include "core/unlearn/unlearner.h"

namespace oubli {
namespace {

class Rome : public Unlearner {
 public:
  explicit Rome(const Settings& settings)
      : edit_(MemoryEdit::read(settings, {.one_by_one = true})), ridge_(read_ridge(settings)) {}

  std::optional<double> estimate_cost(const Task& task) const override {
    return edit_.estimate_cost(task);
  }

  void require(const Task& task) const override { edit_.require(task); }

  UnlearnReport unlearn(Model& model, const Task& task, Context& context) const override {
    return edit_.run(model, task, context, [&](const MemoryRequest& request) {
      const Tensor direction = solve_positive(request.text.mean(ridge_), request.keys);
      return request.residual.mm(direction.t()) / direction.t().mm(request.first_keys);
    });
  }

 private:
  MemoryEdit edit_;
  double ridge_;
};

}  // namespace

MethodInfo rome_method() {
  return {
      .name = "rome",
      .summary = "writes each fact into one MLP by a change of rank one, as published",
      .reference = "Meng et al. 2022, arXiv 2202.05262",
      .definition =
          "For each fact of the edit in turn, W = h.`layer`.mlp.c_proj.weight: W += delta (C^-1 "
          "m)' "
          "/ ((C^-1 m)' k). k is the memory's input at the edited token (`token`: the subject's "
          "last, or "
          "the last before the answer) of the fact's first wording, m its mean over the wordings, "
          "C = C0 + ridge mean(diag C0) I, C0 the mean of k "
          "k' over the positions of what remains without what is added. delta, added to the "
          "memory's output v at the edited token, is searched by Adam from 0, `steps` steps "
          "of lr: mean over the wordings of -ln p(answer) + kl KL(p at the essence || as it was) + "
          "weight_decay |delta| / |v|^2, |delta| <= clamp |v|, until -ln p(answer) < enough. The "
          "answer is that of the added "
          "sentences, or `answer` for facts that are removed only.",
      .supports_adding = true,
      .takes_labels = false,
      .takes_sequences = true,
      .make = make_unlearner<Rome>};
}

}  // namespace oubli
