#include "core/unlearn/fisher_step.h"

#include <ATen/ATen.h>

#include "core/data/drawing.h"

namespace oubli {

Tensor forget_against_retain(const Model& model, const Task& task, CostMeter& cost) {
  const Objective loss{task.objective().loss, 0};
  const double m = task.forget.total_weight(), n = m + task.retain.total_weight();
  const Tensor forget = value_and_gradient(model, task.forget, loss, cost).gradient;
  const Tensor retain = value_and_gradient(model, task.retain, loss, cost).gradient;
  return (m / n) * (forget - retain);
}

Subset fisher_examples(const Task& task, std::int64_t count, Context& context) {
  Generator draw = context.generator.stream("fisher");
  const std::int64_t n = task.retain.size();
  return task.retain.with_rows(drawn_rows(task.retain.rows, std::min(count, n), draw));
}

}  // namespace oubli
