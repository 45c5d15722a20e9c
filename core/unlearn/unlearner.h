// The interface of every unlearning method: what a user subclasses.
//
//   class Shrink : public oubli::Unlearner {
//    public:
//     explicit Shrink(const oubli::Settings& settings)
//         : factor_(settings.real("factor", {.default_value = 0.9, .doc = "of theta"})) {}
//     oubli::UnlearnReport unlearn(oubli::Model& model, const oubli::Task&,
//                                  oubli::Context&) const override {
//       model.add_to_theta(model.theta(), factor_ - 1);
//       return {};
//     }
//    private:
//     double factor_;
//   };
//
// and one entry for the registry:
//
//   oubli::MethodInfo shrink_method() {
//     return {.name = "shrink", .summary = "multiplies every parameter by a factor",
//             .make = oubli::make_unlearner<Shrink>};
//   }
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>

#include "core/base/context.h"
#include "core/base/registry.h"
#include "core/nn/model.h"
#include "core/unlearn/report.h"
#include "core/unlearn/task.h"
#include "core/unlearn/training_plan.h"

namespace oubli {

class Unlearner {
 public:
  virtual ~Unlearner() = default;

  // Sample-gradients that `unlearn` will take, or at most will take, where that can be known
  // before: for `oubli check` and the time left.
  virtual std::optional<double> estimate_cost(const Task& task) const {
    (void)task;
    return std::nullopt;
  }

  // Throws Error(kTask) where the method cannot do this task, as far as that is known of the data
  // and its settings alone: so that nothing is trained for it. `unlearn` throws the same.
  virtual void require(const Task& task) const { (void)task; }

  // How the originals that it edits, and the oracles that it is held against, must be trained: by
  // default as the experiment says, which is what `standard` holds.
  virtual TrainingPlan training_plan(TrainingPlan standard) const { return standard; }

  // Of a method that is made of others: what each of them is, beside its settings, that results
  // depend on (chosen_method.h). Null for others.
  virtual Json parts() const { return {}; }

  // Edits `model`, which holds the original's parameters, in place. Numerical outcomes go into the
  // report's status; exceptions are for tasks that the method cannot do. Calls on different models
  // may run at the same time.
  virtual UnlearnReport unlearn(Model& model, const Task& task, Context& context) const = 0;
};

struct MethodInfo;
using Methods = Registry<MethodInfo>;

struct MethodInfo {
  std::string name;     // of the method in YAML, of its file and of its card
  std::string summary;  // one line
  std::string reference = {};
  std::string definition = {};  // the formula, with every constant: enough to compute it again
  bool needs_retain_data = true;
  bool needs_forget_data = true;
  bool supports_adding = false;
  // What examples it is for: one label or target each, or sequences of tokens.
  bool takes_labels = true;
  bool takes_sequences = false;
  bool exact = false;  // the result has the distribution of retraining
  int version = 1;     // raised when the method's results change: stored ones are done again
  // Hash of the file that it comes from, where that is not oubli itself: part of the stored
  // results' keys, so that a changed method does not show its old ones. Set by who loads it.
  std::string file_hash = {};
  // The methods are for those that are made of others (core/unlearn/chosen_method.h).
  std::function<std::unique_ptr<Unlearner>(const Settings&, const Methods&)> make = {};
};

// From a constructor that takes the settings, or the settings and the methods.
template <typename Method>
std::unique_ptr<Unlearner> make_unlearner(const Settings& settings, const Methods& methods) {
  if constexpr (std::is_constructible_v<Method, const Settings&, const Methods&>) {
    return std::make_unique<Method>(settings, methods);
  } else {
    return std::make_unique<Method>(settings);
  }
}

// Runs a method as the engine does: hides the data that it says it does not need, refuses edits
// that it cannot make (Error kTask), measures seconds and sample-gradients, turns non-finite
// parameters into the status Diverged, and a run that changed nothing into Unchanged; says so where
// parameters moved and no cost was counted.
UnlearnReport run_unlearner(const MethodInfo& info, const Unlearner& unlearner, Model& model,
                            const Task& task, Context& context);

}  // namespace oubli
