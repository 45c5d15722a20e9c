// TracIn: products of gradients along the training, each at the parameters of its time.
//
//   effect[i, t] = sum_k eta_k (T / K) / b  grad l_i(theta_k) . grad l_t(theta_k)
//
// over K checkpoints theta_k, evenly spaced over the T epochs, the last at the end: what i's steps
// of plain descent, eta/b of its gradient in each epoch, would have taken from the test's loss, had
// nothing else moved. Momentum m makes each step 1 / (1 - m) as long. Source: Pruthi et al. 2020
// (arXiv 2002.08484), TracInCP, equation 3, whose sum leaves out the constants.
//
// Training is repeated, bit for bit, to see its checkpoints. Deviation: rates and batch sizes are
// those of training, where released code takes one rate of its own. Cost: that of training, and K
// (n + tests).
#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "core/attribution/attributor.h"
#include "core/curvature/gradient_matrix.h"
#include "core/unlearn/watched_training.h"

namespace oubli {
namespace {

struct TracinCheckpoint {
  Tensor theta;
  double rate = 0;
};

class Tracin : public Attributor {
 public:
  explicit Tracin(const Settings& settings)
      : checkpoints_(settings.integer(
            "checkpoints", {.default_value = 10,
                            .at_least = 1,
                            .doc = "how many times of training are looked at, evenly spaced"})) {}

  double estimate_cost(const AttributionTask& task) const override {
    return static_cast<double>(task.train.size() * task.recipe.epochs +
                               checkpoints_ * (task.train.size() + task.tests.size()));
  }

  void require_fitting(const Model&, const AttributionTask& task) const override {
    if (task.recipe.optimizer.name == "sgd") return;
    throw Error(ErrorKind::kTask,
                fmt::format("tracin adds up steps of lr times a gradient, and {} takes others: "
                            "write 'optimizer: {{name: sgd, lr: ...}}' under 'train', or leave it "
                            "out.",
                            task.recipe.optimizer.name));
  }

  Attribution attribute(const Model& model, const AttributionTask& task,
                        Context& context) const override {
    require_fitting(model, task);
    Model at_time = model.clone();
    const std::vector<TracinCheckpoint> seen = checkpoints_of(at_time, task, context);
    const std::int64_t batch = std::min(task.recipe.batch_size, task.train.size());
    const double epochs =
        static_cast<double>(task.recipe.epochs) / static_cast<double>(seen.size());
    const double length =
        epochs / static_cast<double>(batch) / (1 - task.recipe.optimizer.momentum);
    Tensor effect = at::zeros({task.train.size(), task.tests.size()}, at::kDouble);
    for (const TracinCheckpoint& checkpoint : seen) {
      at_time.set_theta(checkpoint.theta);
      const GradientMatrix train(at_time, task.train, task.loss(), context.cost);
      const GradientMatrix tests(at_time, task.tests, task.loss(), context.cost);
      effect.add_(train.products(tests), checkpoint.rate * length);
    }
    Attribution found{.effect = effect, .refusal = ""};
    found.details["checkpoints"] = seen.size();
    return found;
  }

 private:
  // Behind epochs ceil(T k / K), with the rate of the last step before each.
  std::vector<TracinCheckpoint> checkpoints_of(Model& model, const AttributionTask& task,
                                               Context& context) const {
    const std::int64_t epochs = task.recipe.epochs;
    const std::int64_t count = std::min(checkpoints_, epochs);
    std::vector<TracinCheckpoint> seen;
    std::int64_t steps_per_epoch = 0;
    double last_rate = 0;
    const auto is_due = [&](std::int64_t epoch) {
      const auto next = static_cast<std::int64_t>(seen.size()) + 1;
      return next <= count && epoch == (epochs * next + count - 1) / count;
    };
    Context own(task.training.seed());
    own.stop = context.stop;
    train_watched(
        model, task.train, task.recipe, own,
        [&](std::int64_t batches) { steps_per_epoch = batches; },
        [&](const WatchedStep& step) {
          const bool is_first_of_epoch = step.number % steps_per_epoch == 0;
          if (is_first_of_epoch && is_due(step.number / steps_per_epoch)) {
            seen.push_back({model.theta().clone(), last_rate});
          }
          last_rate = step.rate;
        });
    if (is_due(epochs)) seen.push_back({model.theta().clone(), last_rate});
    context.cost.add_gradients(task.train.size() * epochs);
    return seen;
  }

  std::int64_t checkpoints_;
};

}  // namespace

AttributorInfo tracin_attributor() {
  return {.name = "tracin",
          .summary = "products of gradients at checkpoints along the training",
          .reference = "Pruthi et al. 2020, arXiv 2002.08484, equation 3",
          .definition =
              "effect = sum over K checkpoints of eta_k (epochs / K) / batch_size "
              "/ (1 - momentum) grad l_i . grad l_t at theta_k, eta_k the rate before it",
          .make = make_attributor<Tracin>};
}

}  // namespace oubli
