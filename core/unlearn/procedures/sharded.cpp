// In shards and slices, a copy of the network for each shard (core/unlearn/sharded_training.h).
// Settings: shards, slices. Record: the seed, from which rows have their places and stages their
// draws, and each copy before each slice but the first.
#include "core/unlearn/procedures/procedure.h"
#include "core/unlearn/sharded_training.h"

namespace oubli {

TrainingReport sharded_training(Model& model, const Subset& subset, const TrainingPlan& plan,
                                Context& context, MethodState& record) {
  ShardedTraining training(plan.settings.at("shards").get<std::int64_t>(),
                           plan.settings.at("slices").get<std::int64_t>(),
                           context.generator.seed());
  const TrainingReport report = training.train_due(model, subset, plan.recipe, context);
  record = training.state(subset);
  return report;
}

}  // namespace oubli
