// Loss-free selective synaptic dampening (LFSSD): SSD without labels.
//
//   I_S,i = (1/|S|) sum_{x in S} | d ||f(x)||^2 / d theta_i |,  f the outputs before any softmax
//
// and the dampening of ssd. Source: Foster et al. 2024 (arXiv 2402.19308). Labels do not enter, and
// a common factor on all outputs changes no choice. Cost: n + m.
#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include "core/curvature/example_gradients.h"
#include "core/unlearn/dampening.h"
#include "core/unlearn/unlearner.h"

namespace oubli {
namespace {

Tensor output_sensitivity(const Model& model, const Subset& subset, CostMeter& cost) {
  const at::NoGradGuard no_grad;
  Tensor total = at::zeros({model.dim()}, at::kDouble);
  const Tensor sum = at::empty({model.dim()}, model.theta().options());
  const std::int64_t batch_size = examples_at_a_time(model, subset, 1);
  for (std::int64_t begin = 0; begin < subset.size(); begin += batch_size) {
    const Batch batch = subset.batch(begin, batch_size, model.dtype());
    const auto net = model.linearise(batch.inputs);
    net->adjoint(2 * net->output(), {.sums = nullptr, .input = false, .keep = true});
    sum.zero_();
    Tensors sums = model.split(sum);
    add_absolute_gradients(*net, sums);
    total.add_(sum);
    cost.add_gradients(batch.size());
  }
  return total.div_(static_cast<double>(subset.size()));
}

class LossFreeDampening : public Unlearner {
 public:
  explicit LossFreeDampening(const Settings& settings) : dampening_(Dampening::read(settings)) {}

  std::optional<double> estimate_cost(const Task& task) const override {
    return static_cast<double>(task.train.size() + task.forget.size());
  }

  UnlearnReport unlearn(Model& model, const Task& task, Context& context) const override {
    if (task.forget.empty()) return {};
    const Tensor all = output_sensitivity(model, task.train, context.cost);
    return dampen(model, all, output_sensitivity(model, task.forget, context.cost), dampening_);
  }

 private:
  Dampening dampening_;
};

}  // namespace

MethodInfo lfssd_method() {
  return {.name = "lfssd",
          .summary = "ssd with the sensitivity of the outputs' size in place of the loss's",
          .reference = "Foster et al. 2024, arXiv 2402.19308",
          .definition =
              "ssd with I_S,i the mean over S of |d ||outputs||^2 / d theta_i|, labels unseen.",
          .needs_retain_data = true,
          .needs_forget_data = true,
          .supports_adding = false,
          .takes_sequences = true,
          .version = 2,
          .make = make_unlearner<LossFreeDampening>};
}

}  // namespace oubli
