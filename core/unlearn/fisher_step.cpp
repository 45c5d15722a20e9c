#include "core/unlearn/fisher_step.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <fmt/format.h>

#include "core/base/machine_limits.h"
#include "core/curvature/example_gradients.h"
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

Tensor gradients_of_examples(const Model& model, const Subset& subset, const Objective& objective,
                             CostMeter& cost) {
  const at::NoGradGuard no_grad;
  const double bytes = 8.0 * static_cast<double>(subset.size()) * static_cast<double>(model.dim());
  const std::string shortage = memory_shortage(
      bytes,
      fmt::format("the gradients of {} examples in {} parameters", subset.size(), model.dim()));
  if (!shortage.empty()) throw Error(ErrorKind::kUsage, shortage + " Lower 'examples'.");
  Tensor all = at::empty({subset.size(), model.dim()}, at::kDouble);
  const std::int64_t batch_size = examples_at_a_time(model, subset, 1);
  for (std::int64_t begin = 0; begin < subset.size(); begin += batch_size) {
    const Batch batch = subset.batch(begin, batch_size, model.dtype());
    const auto net = model.linearise(batch.inputs);
    net->adjoint(objective.output_gradients(net->output(), batch.targets),
                 {.sums = nullptr, .input = false, .keep = true});
    all.narrow(0, begin, batch.size()).copy_(example_gradients(model, *net, 0, batch.size()));
    cost.add_gradients(batch.size());
  }
  return all;
}

}  // namespace oubli
