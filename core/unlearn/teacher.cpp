#include "core/unlearn/teacher.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include "core/base/error.h"
#include "core/unlearn/token_losses.h"

namespace oubli {

Tensor Teacher::outputs(const Batch& batch, Context& context) const {
  const at::NoGradGuard no_grad;
  context.cost.add_forwards(batch.size());
  return model_.forward(batch.inputs);
}

Tensor divergence(const Objective& objective, const Tensor& given, const Tensor& outputs,
                  double temperature, const Tensor& targets) {
  if (objective.loss == LossKind::kSquaredError) return 0.5 * (outputs - given).square().sum(1);
  const Tensor teacher = objective.class_scores(given) / temperature;
  const Tensor student = objective.class_scores(outputs) / temperature;
  const Tensor log_q = teacher.log_softmax(-1);
  const double scale = temperature * temperature;
  const Tensor apart = scale * (log_q.exp() * (log_q - student.log_softmax(-1))).sum(-1);
  if (outputs.dim() < 3) return apart;
  if (!targets.defined()) {
    throw Error(ErrorKind::kUsage, "a divergence of sequences needs to know where they ask");
  }
  return mean_of_asked(apart, targets.ge(0).to(apart.scalar_type()));
}

Tensor divergence_to(const Objective& objective, const Tensor& probabilities,
                     const Tensor& outputs) {
  const Tensor log_p = objective.class_scores(outputs).log_softmax(1);
  return (at::xlogy(probabilities, probabilities) - probabilities * log_p).sum(1);
}

}  // namespace oubli
