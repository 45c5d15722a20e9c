// The value that a linear memory should give at one token, for the model to answer otherwise:
//
//   v* = v + delta,   delta = argmin  (1 / w) sum_wordings -ln p(answer | wording; v + delta)
//                                     + kl KL(p(essence; v + delta) || p(essence; v))
//                                     + weight_decay |delta| / |u|^2
//   by Adam from 0, |delta| <= clamp |u|,
//
// where v + delta stands in the place of what the memory of one layer gives at the edited token of
// each wording of the fact; u is that value, or the residual stream behind the layer. The search of
// a fact ends once -ln p(answer) is below `enough`. All facts are searched for at once, each in
// sentences of its own, so that no search depends on another.
//
//   token: subject   the subject's last token, as published: what is written there is read by the
//                    positions behind it, in later layers
//   token: answer    the last token before the answer. In models of two to four layers little of a
//                    fact is at its subject: half of the answers are reached by no delta there,
//                    and the others at the cost of most that is known of the subject
//
// Essence, of token: subject: what else the subject stands for. `subject`, as published: what comes
// next behind its last token. `facts`: the answers of sentences with the same id (the subject) in
// what remains, one for each other fact. At the token before an answer nothing else stands.
//
// Source: Meng et al. 2022 (arXiv 2202.05262), section 3.1, with u the stream by Meng et al. 2023
// (arXiv 2210.07229). Theirs has 25 steps of 0.5, which take delta far beyond what is needed in a
// small model (lr and enough are chosen for the least harm to other facts), an end by the whole sum
// at 0.05, a mean over the answer's tokens for their sum, and texts that the model writes in front
// of one prompt for the wordings. Cost: two thirds of a sample-gradient for each sentence and step.
#pragma once

#include "core/base/context.h"
#include "core/base/settings.h"
#include "core/unlearn/fact_edits.h"
#include "core/unlearn/linear_memory.h"

namespace oubli {

struct ValueSearch {
  EditedToken token = EditedToken::kAnswer;
  double lr = 0.05;
  std::int64_t steps = 100;
  double clamp = 4;  // times |u|
  double weight_decay = 0.5;
  double kl = 0.0625;
  bool essence_is_facts = false;
  double enough = 0.2;
  bool is_of_stream = false;  // u: the residual stream; else the memory's value

  // Reads token, lr, steps, clamp, weight_decay, kl, essence, enough.
  static ValueSearch read(const Settings& settings, const ValueSearch& defaults);
};

struct FoundValues {
  Tensor delta;             // float64 [r, out]
  Tensor losses;            // float64 [r]: -ln p(answer), mean over the wordings, with delta
  bool is_stopped = false;  // from outside, or by the budget: the facts are not to be edited
};

// `text`: where the essence's sentences are looked for. Error(kTask) for `facts` in a data set
// without ids.
FoundValues find_values(const Model& model, const LinearMemory& memory, const FactEdits& edits,
                        const Subset& text, const ValueSearch& search, Context& context);

}  // namespace oubli
