// Replays a recorded training without some examples and with others, step by step, with gradients
// that are exact or corrected from the record: what methods/deltagrad.cpp describes.
#pragma once

#include "core/unlearn/training_trajectory.h"

namespace oubli {

struct ReplaySettings {
  std::int64_t period = 5;
  std::int64_t burn_in = 20;
  std::int64_t history = 2;

  bool is_explicit(std::int64_t t) const { return t <= burn_in || (t - burn_in) % period == 0; }
};

struct Replay {
  Trajectory trajectory;  // as it became, with gradients over what was left of each batch
  std::int64_t explicit_steps = 0;
  std::int64_t approximate_steps = 0;
  std::int64_t fallbacks = 0;   // explicit steps that were to be approximate
  std::int64_t flat_pairs = 0;  // left out of the history: s'y was not positive
  std::int64_t emptied = 0;     // batches of which nothing was left
  bool is_stopped = false;      // by the context, before the end

  Json to_json() const;
};

// `recorded` has gradients. The model is left at the end of the replay. Where added examples go is
// drawn from the context's stream "added".
Replay replay_without(const ReplaySettings& settings, const Trajectory& recorded, const Task& task,
                      Model& model, Context& context);

}  // namespace oubli
