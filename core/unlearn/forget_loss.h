// How the unlearning losses of language models are descended: a loss on what is to be forgotten,
// with what remains, and what is added, beside it.
//
//   min  gamma F(forget batch) + alpha R(batch of what remains) + added L(batch of what is added)
//
// F is the method's own; R is the training loss over all tokens, unless the method has another; L
// is the training loss. An epoch is a pass over the forget set with as many batches of what remains
// beside it, drawn without end, as in TOFU (Maini et al. 2024, arXiv 2401.06121). The published
// losses average over the tokens of a batch, these over the tokens of each sequence and then over
// sequences, as training does (objective.h); for answers of one token that is the same.
//
// What is added has a term of its own and is left out of R. A retrained model learns it as one part
// of what remains; but an epoch is as long as the forget set, and ten new sentences among eight
// thousand would not be met in it. So they go round beside the forget set, which in a change of
// facts has as many, and where there are more of them than there is to forget, an epoch is a pass
// over them. In a change both terms pull at the same prompts: a sentence's answer is one of its
// tokens to L and all of it to F, so losses that do not let go of what is forgotten need a larger
// `added`.
//
//   return settings_.descend(model, task, context, [&](const Batch& u) {
//     return LossTerm(u, [&, u](const Tensor& outputs) { return ...; });      // F of each sequence
//   });
#pragma once

#include <functional>

#include "core/train/descent.h"
#include "core/train/descent_settings.h"
#include "core/unlearn/report.h"
#include "core/unlearn/task.h"
#include "core/unlearn/token_losses.h"

namespace oubli {

// What a step looks at; a batch of no examples where its set has none.
struct EditBatches {
  Batch forget, retain, added;
};

// All epochs of the descent, whose steps of an epoch it sets; a call for each step.
void descend_beside(Descent& descent, const Task& task,
                    const std::function<void(const EditBatches&)>& step);

// Examples that all epochs look at, at most.
struct EditExamples {
  double forget = 0, retain = 0, added = 0;
};
EditExamples examples_beside(const Task& task, const DescentSettings& steps);

// What a method steps by where it does not say otherwise: AdamW without decay in batches of 32, as
// in open-unlearning, whose 10 epochs at a rate of 1e-5 are for models of 1e9 parameters and more.
// One of 100,000 would hardly move in them; in 60 epochs at 5e-4, which falls to 0, what the first
// of them damaged is repaired.
inline DescentSettings language_steps(std::int64_t epochs = 60, double lr = 5e-4,
                                      const std::string& schedule = "cosine") {
  return {.epochs = epochs,
          .lr = lr,
          .optimizer = "adamw",
          .weight_decay = 0,
          .batch_size = 32,
          .schedule = {.name = schedule}};
}

struct ForgetLossSettings {
  AskedTokens tokens = AskedTokens::kAnswers;
  double gamma = 1, alpha = 1, added = 1;
  DescentSettings steps;

  // Reads tokens, gamma, alpha, added and the settings of steps.
  static ForgetLossSettings read(const Settings& settings, const ForgetLossSettings& defaults);

  // Steps on gamma F + alpha R + added L with R the training loss. F is called for each batch of
  // the forget set.
  UnlearnReport descend(Model& model, const Task& task, Context& context,
                        const std::function<LossTerm(const Batch&)>& forget) const;

  // Sample-gradients of it, at most, where F takes so many for each example.
  double cost(const Task& task, double of_forget = 1) const;
};

}  // namespace oubli
