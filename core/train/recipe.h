// How a model is trained: the objective, what minimises it, and in which batches.
#pragma once

#include <cstdint>

#include "core/base/tensor.h"
#include "core/train/augmentation.h"
#include "core/train/objective.h"
#include "core/train/optimizer.h"
#include "core/train/schedule.h"

namespace oubli {

struct TrainingRecipe {
  Objective objective;
  OptimizerSettings optimizer;
  Schedule schedule;
  Augmentation augmentation;
  std::int64_t epochs = 1;
  std::int64_t batch_size = 128;
  // Whether a last batch that is smaller than the others is left out of an epoch; a first one never
  // is.
  bool drop_last = false;
  // Whether a row's place in an epoch depends on the row alone (batches.h), so that models trained
  // on other subsets from the same start see what they have in common in the same order; and in
  // which rows may come late.
  bool shared_order = false;
  // Euclidean norm that a batch gradient is scaled down to; 0 for no limit.
  double clip_norm = 0;
  // Not a setting of training: the parameters that may move in any step taken with this recipe,
  // bool [dim], of a method under a mask. Undefined: all.
  Tensor movable = {};

  static TrainingRecipe read(const Settings& settings);
  // Every setting; what may move is none.
  Json to_json() const;
};

}  // namespace oubli
