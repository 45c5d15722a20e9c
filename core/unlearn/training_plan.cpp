#include "core/unlearn/training_plan.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/nn/layers/codebook.h"

namespace oubli {
namespace {

OutputKind kind_of(LossKind loss) {
  if (loss == LossKind::kSquaredError) return OutputKind::kNumbers;
  return loss == LossKind::kBinaryLogistic ? OutputKind::kMargin : OutputKind::kScores;
}

Network with_planned_codebook(const CodebookPlan& plan, const Network& one) {
  if (plan.entries == 0) return one;
  std::int64_t layer = plan.layer;
  if (layer < 0) {
    for (const ParameterInfo& info : one.table->parameters()) {
      if (info.name == fmt::format("h.{}.mlp.c_proj.weight", layer + 1)) ++layer;
    }
  }
  const std::int64_t at = std::max<std::int64_t>(layer, 0);
  return with_codebook(one, fmt::format("h.{}.mlp.c_proj", at), plan.entries);
}

}  // namespace

Network network_of(const TrainingPlan& plan, const Network& one) {
  return ensemble_of(with_planned_codebook(plan.codebook, one), plan.copies, plan.joining,
                     kind_of(plan.recipe.objective.loss));
}

}  // namespace oubli
