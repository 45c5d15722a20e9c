// What every unlearning method must do, whatever it is, on every small network that it does not
// refuse: logistic regression, perceptrons in float64 and float32, convolutions with batch
// normalisation, a whole class forgotten, and a regression.
#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "core/unlearn/unlearner.h"
#include "experiments/selftest/checks.h"

namespace oubli::testing {

struct MethodProblem;  // a network with examples that it can be trained on

// One method with its defaults. Both arguments must outlive it.
class MethodTrial {
 public:
  MethodTrial(const MethodInfo& info, const Methods& methods);
  ~MethodTrial();
  MethodTrial(const MethodTrial&) = delete;
  MethodTrial& operator=(const MethodTrial&) = delete;

  const MethodInfo& info() const { return info_; }
  const Methods& methods() const { return methods_; }
  const Unlearner& method() const;
  // A model for the method to edit. Where it asks for a training of its own, the task's train set
  // is trained on in that way, and the task gets the plan's recipe and what was written down; the
  // others edit the problem's model as it is.
  Model original(const MethodProblem& problem, Task& task) const;
  UnlearnReport run(Model& model, const Task& task, std::uint64_t seed = 0) const;
  UnlearnReport run(Model& model, const Task& task, Context& context) const;

  // Calls `look` on every problem that the method does not refuse, in a sentence; which those are
  // is found out once.
  void on_each(Findings& findings, const std::function<void(const MethodProblem&)>& look) const;

 private:
  struct Suitable;
  Suitable find_suitable() const;

  const MethodInfo& info_;
  const Methods& methods_;
  mutable std::unique_ptr<Unlearner> method_;
  mutable std::unique_ptr<const Suitable> suitable_;
};

using MethodCheck = Check<MethodTrial>;

const std::vector<MethodCheck>& method_checks();

}  // namespace oubli::testing
