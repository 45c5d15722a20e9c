#include "core/curvature/fisher_diagonal.h"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/autograd.h>

#include "core/base/error.h"

namespace oubli {

Tensor expected_fisher_diagonal(const Model& model, const Subset& subset, CostMeter& cost,
                                std::int64_t batch_size) {
  if (subset.empty()) throw Error(ErrorKind::kUsage, "the Fisher of an empty set is not defined");
  Tensor total = at::zeros({model.dim()}, at::kDouble);
  for (std::int64_t begin = 0; begin < subset.size(); begin += batch_size) {
    const Batch batch = subset.batch(begin, batch_size, model.dtype());
    std::vector<LayerRecord> records;
    const Tensor outputs = model.forward(batch.inputs, Mode::kEvaluation, &records);
    const Tensor log_p = outputs.log_softmax(1);
    const Tensor root_p = log_p.detach().mul(0.5).exp();
    std::vector<Tensor> seen;
    for (const LayerRecord& record : records) seen.push_back(record.output);
    Tensor sum = at::zeros({model.dim()}, model.theta().options());
    std::vector<Tensor> squares = model.split(sum);
    const Pass pass{model.parameters(), model.buffers(), Mode::kEvaluation};
    for (std::int64_t y = 0; y < outputs.size(1); ++y) {
      // Scaling example b's gradient by sqrt(p_b) scales its square by p_b.
      const auto gradients =
          torch::autograd::grad({log_p.select(1, y)}, seen, {root_p.select(1, y)}, true);
      const at::NoGradGuard no_grad;
      for (std::size_t i = 0; i < records.size(); ++i) {
        records[i].layer->add_squared_gradients(records[i].input.detach(), gradients[i], pass,
                                                squares);
      }
      cost.add_gradients(batch.inputs.size(0));
    }
    total.add_(sum);
  }
  return total.div_(static_cast<double>(subset.size()));
}

}  // namespace oubli
