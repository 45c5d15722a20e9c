// Training in shards and slices, of which parts can be done again: the memory behind `sisa`.
//
// Copy k of the network (core/nn/ensemble.h) learns shard k. Stage r of R trains it on what is in
// slices 0 .. r, by the recipe with epochs_of_slice (shards.h) in the place of its epochs; before
// each stage but the first the copy is kept, parameters and buffers: a checkpoint. The optimiser
// and the schedule begin anew in each stage, so a checkpoint is all that a stage starts from.
//
// What a stage draws comes from a stream of the seed named by the shard and the slice (of the first
// shard's first stage: from the seed itself, so that one shard of one slice is plain training, bit
// for bit), and its examples are taken in the order of their rows. So a stage's result is a
// function of the seed, the checkpoint and the rows that are in its slices now: going back to the
// checkpoint before the first slice that changed, and on from there, is training from scratch on
// the rows that there are now, bit for bit.
//
//   ShardedTraining training(S, R, seed);        or ShardedTraining::read(state)
//   training.change(rows);                       what has been removed or added
//   training.train_due(model, left, recipe, context);
//   state = training.state(left);
//
// Kept besides the model: R - 1 times its size. Cost: e n as a whole; each stage counts itself.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "core/base/context.h"
#include "core/train/trainer.h"
#include "core/unlearn/method_state.h"
#include "core/unlearn/shards.h"

namespace oubli {

class ShardedTraining {
 public:
  // Of nothing yet: all is due.
  ShardedTraining(std::int64_t shards, std::int64_t slices, std::uint64_t seed);
  // What `state` wrote. Error(kTask) for anything else.
  static ShardedTraining read(const MethodState& state);

  const Shards& shards() const { return shards_; }

  // Error(kTask) unless these are the rows of the training so far, and the model has its copies.
  void require_same(const Model& model, const Subset& subset) const;

  // Makes the stages due from the first slice of each shard that holds one of these rows on.
  void change(const Tensor& rows);
  std::int64_t due_shards() const;
  std::int64_t due_stages() const;

  // First goes back in every shard that is due, so that what is left of an early end has seen no
  // row that was removed; then trains what is due on `subset`. A stop, which is looked for between
  // stages too, leaves the rest due. Errors: kTask where a shard has no example, and for a recipe
  // under a mask. In the report loss and objective are means over the examples of the shards that
  // were trained, each under its own copy.
  TrainingReport train_due(Model& model, const Subset& subset, const TrainingRecipe& recipe,
                           Context& context);

  // To be written down. `subset` is what the model has been trained on.
  MethodState state(const Subset& subset) const;

 private:
  Generator generator_of(std::int64_t shard, std::int64_t slice) const;
  void go_back(Model& copy, std::int64_t shard);
  std::vector<std::pair<std::int64_t, std::int64_t>> sizes_due(const Subset& subset) const;
  TrainingReport train_shard(Model& copy, std::int64_t shard, const Subset& subset,
                             const TrainingRecipe& recipe, Context& context);

  Shards shards_;
  std::uint64_t seed_;
  std::string rows_;               // hash of the rows that were trained on; empty before
  std::vector<std::int64_t> due_;  // of each shard the first stage to be done; R for none
  std::map<std::pair<std::int64_t, std::int64_t>, Tensor> checkpoints_;  // by shard and stage
};

}  // namespace oubli
