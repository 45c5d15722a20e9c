#include "core/unlearn/training_plan.h"

namespace oubli {
namespace {

OutputKind kind_of(LossKind loss) {
  if (loss == LossKind::kSquaredError) return OutputKind::kNumbers;
  return loss == LossKind::kBinaryLogistic ? OutputKind::kMargin : OutputKind::kScores;
}

}  // namespace

Network network_of(const TrainingPlan& plan, const Network& one) {
  return ensemble_of(one, plan.copies, plan.joining, kind_of(plan.recipe.objective.loss));
}

}  // namespace oubli
