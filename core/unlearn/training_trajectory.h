// A training run written down step by step: what methods go back to that undo single steps, or
// follow how training would have gone without some examples.
//
//   theta_{t+1} = theta_t - eta_t (g_t + l2 theta_t),  g_t the mean gradient over batch B_t
//
// Written by the procedure `trajectory` (core/unlearn/procedures/trajectory.cpp). Size: T + 1
// vectors of dim in the model's type for T steps, twice that with gradients.
#pragma once

#include <string>

#include "core/unlearn/task.h"
#include "core/unlearn/training_plan.h"

namespace oubli {

struct Trajectory {
  Tensor thetas;     // [T + 1, dim], in the model's type
  Tensor gradients;  // [T, dim] of the mean loss, without l2; undefined where they were not kept
  Tensor rates;      // float64 [T], with the schedule in them
  Tensor rows;       // int64: of all batches, one after the other, in the data set
  Tensor sizes;      // int64 [T], of the batches
  std::int64_t steps_per_epoch = 0;

  std::int64_t steps() const { return rates.numel(); }
  double rate(std::int64_t t) const { return rates[t].item<double>(); }
  // Of each step's batch: how many, and their rows, which are views.
  std::vector<std::int64_t> batch_sizes() const;
  Tensors batches() const;

  MethodState to_state() const;
  // Error(kUsage) where it is none.
  static Trajectory of(const MethodState& state);
};

// What limits a trajectory's size: MB, `memory` in the settings of methods that ask for one.
std::int64_t read_record_memory(const Settings& settings);

// The plan with a record of the trajectory; one that it has already is kept with what either asks
// for.
TrainingPlan with_trajectory(TrainingPlan plan, bool gradients, std::int64_t memory);

// Throws Error(kUsage) where a record of so many bytes, of `what`, is more than `megabytes` or than
// the machine has.
void require_room(double bytes, std::int64_t megabytes, const std::string& what);

// What the training of the task's original wrote down. Error(kTask) where it wrote nothing, as for
// an original that was given.
MethodStatePtr record_of(const Task& task, const std::string& method);

// For methods that follow training step by step. The error, at `where`, of a recipe whose steps are
// not lr times a mean of gradients: what to write instead.
void require_plain_steps(const TrainingRecipe& recipe, const std::string& method,
                         const Origin& where);
// Error(kTask) where a batch's gradient is no mean over its examples, as in batch normalisation, or
// is drawn, as with dropout, or examples carry weights.
void require_separate_examples(const Model& model, const Task& task, const std::string& method);

// Whether each of `rows` is in the sorted `among`: bool.
Tensor is_among(const Tensor& rows, const Tensor& among);

}  // namespace oubli
