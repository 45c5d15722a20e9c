// What certified removals from a linear model hand on, request after request: how far the gradient
// may be from none, and what left since the training that the steps go by.
#pragma once

#include "core/unlearn/method_state.h"
#include "core/unlearn/removal_step.h"
#include "core/unlearn/task.h"

namespace oubli {

struct RemovalAccount {
  double spent = 0;  // no longer than this is the gradient, the comparator's with it
  double requests = 0, retrainings = 0;
  Tensor removed;         // rows that left since that training, the present request's with them
  Look last;              // at the data
  MethodStatePtr start;   // what that training wrote down
  NewtonRecord training;  // of it

  // Before the task's request; `start` from start_of.
  static RemovalAccount before(const Task& task, MethodStatePtr start);
  MethodStatePtr state() const;

  // Behind another training, on so many examples.
  void train_anew(MethodStatePtr record, std::int64_t examples);
  // n times the norm of the gradient that the training left.
  double left_by_training(std::int64_t examples) const;
};

// What the training wrote down that the model goes back to, read once: the last training inside, or
// the original's; null where none was.
MethodStatePtr start_of(const Task& task);

}  // namespace oubli
