// The kinds of stage that an experiment is made of, listed in stage_kinds.def. What each does
// stands in run/stages/; its name stands here, because keys are made of it.
//
//   train     originals on D, oracles on D_r + D_a (the kind `retrain`)
//   import    originals that were trained elsewhere (given_original.h)
//   shadow    models on random halves of D and unseen examples together, for attacks
//   audit     models on the retain set and a random half of the audited examples, for U-LiRA
//   subset    models on random subsets of D, for the metric lds (attribution.h)
//   initial   models that were never trained, for metrics that compare with one
//   sweep     trials of a method's settings on the first original (sweep.h)
//   unlearn   one method on one original, or on a model of the kind audit
//   predict   outputs of one model on every split
//   relearn   how one model learns the forget set again
//   rtt       what comes back of forgotten facts when one model is taught others of them
//   evaluate  metrics of one model against all oracles
//   compare   metrics that need all models of a row together, one of each training seed
//   attribute effects of all training examples on all tests, of one original
//   left_out  what leaving single examples out does to one original
//   score     metrics of the effects of a row's originals together
#pragma once

#include <string>

namespace oubli {

enum class StageKind {
#define OUBLI_STAGE(kind, name, model, type) kind,
#include "experiments/engine/plan/stage_kinds.def"
#undef OUBLI_STAGE
};
std::string to_string(StageKind kind);
// Trained here, or given.
inline bool is_original(StageKind kind) {
  return kind == StageKind::kTrain || kind == StageKind::kImport;
}
// What people call a model of this kind: original, oracle, shadow, audit, subset model, untrained;
// "original" for kinds that train none.
std::string model_name(StageKind kind);

}  // namespace oubli
