#include "core/unlearn/forget_loss.h"

#include <ATen/ATen.h>

#include <algorithm>

namespace oubli {

void descend_beside(Descent& descent, const Task& task,
                    const std::function<void(const EditBatches&)>& step) {
  BatchStream forget = descent.batches(task.forget);
  BatchStream retain = descent.batches(task.retain.without(task.added));
  BatchStream added = descent.batches(task.added);
  const bool by_added = added.batches() > forget.batches();
  BatchStream& longer = by_added ? added : forget;
  BatchStream& shorter = by_added ? forget : added;
  descent.steps_per_epoch(longer.batches());
  while (descent.next_epoch()) {
    for (const Batch& batch : longer) {
      const Batch& other = shorter.next();
      step({by_added ? other : batch, retain.next(), by_added ? batch : other});
    }
  }
}

EditExamples examples_beside(const Task& task, const DescentSettings& steps) {
  const std::int64_t size = steps.recipe(task.recipe).batch_size;
  const auto batches = [&](const Subset& set) { return (set.size() + size - 1) / size; };
  const std::int64_t all = steps.epochs * std::max(batches(task.forget), batches(task.added));
  const auto seen = [&](const Subset& set) {
    return static_cast<double>(all * std::min(size, set.size()));
  };
  return {seen(task.forget), seen(task.retain), seen(task.added)};
}

ForgetLossSettings ForgetLossSettings::read(const Settings& settings,
                                            const ForgetLossSettings& defaults) {
  ForgetLossSettings read;
  read.tokens = read_asked_tokens(settings, defaults.tokens);
  read.gamma = settings.real("gamma", {.default_value = defaults.gamma,
                                       .at_least = 0,
                                       .doc = "weight of the loss on what is forgotten"});
  read.alpha = settings.real("alpha", {.default_value = defaults.alpha,
                                       .at_least = 0,
                                       .doc = "weight of the loss on what remains"});
  read.added = settings.real("added", {.default_value = defaults.added,
                                       .at_least = 0,
                                       .doc = "weight of the loss on what is added"});
  read.steps = DescentSettings::read(settings, defaults.steps, "the forget set");
  return read;
}

UnlearnReport ForgetLossSettings::descend(
    Model& model, const Task& task, Context& context,
    const std::function<LossTerm(const Batch&)>& forget) const {
  Descent descent(model, steps.recipe(task.recipe), context);
  descend_beside(descent, task, [&](const EditBatches& b) {
    LossTerm term = alpha * descent.loss(b.retain) + added * descent.loss(b.added);
    if (gamma > 0 && b.forget.size() > 0) term += gamma * forget(b.forget);
    descent.step(term);
  });
  return report_of(descent.report());
}

double ForgetLossSettings::cost(const Task& task, double of_forget) const {
  const EditExamples seen = examples_beside(task, steps);
  return (gamma > 0 ? of_forget * seen.forget : 0) + (alpha > 0 ? seen.retain : 0) +
         (added > 0 ? seen.added : 0);
}

}  // namespace oubli
