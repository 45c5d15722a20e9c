// MUNBa: the step to which what remains and what is forgotten would agree in a bargain.
//
//   g_r = grad mean l over a batch of D_r,   g_u = the same over one of D_u with random labels
//   d   = (u_r + u_u) / |u_r + u_u|,   u = g / |g|,   then l2 and the optimiser's step
//
// The Nash bargaining solution for two has weights a with G'G a = 1 / a; in closed form its
// direction is the bisector of the two gradients, a_r g_r + a_u g_u = (u_r + u_u) / sqrt(1 + cos
// phi), whose length is sqrt 2 always, and which the released code clips to 1. So neither loss's
// scale matters, and both fall by the same in units of their slopes. At phi = pi, and where a
// gradient is 0, there is no bargain: the step is that of loss_r + 0.1 loss_u, cut to length 1, as
// there. An epoch is a pass over D_r; once D_u's batches are over the steps are those of D_r alone.
// Source: Wu and Harandi 2024 (arXiv 2411.15537), rate of their CIFAR-10 runs. Classification only.
// Cost: (n_r + min(m, n_r)) times the epochs.
#include <ATen/ATen.h>

#include <algorithm>

#include "core/data/drawing.h"
#include "core/train/descent_settings.h"
#include "core/unlearn/relabelling.h"
#include "core/unlearn/unlearner.h"

namespace oubli {
namespace {

class Munba : public Unlearner {
 public:
  explicit Munba(const Settings& settings)
      : steps_(DescentSettings::read(settings, {.epochs = 10, .lr = 0.01})) {}

  std::optional<double> estimate_cost(const Task& task) const override {
    const std::int64_t forget = std::min(task.forget.size(), task.retain.size());
    return static_cast<double>((task.retain.size() + forget) * steps_.epochs);
  }

  UnlearnReport unlearn(Model& model, const Task& task, Context& context) const override {
    require_classes(task, "munba");
    Generator labels = context.generator.stream("labels");
    Descent descent(model, steps_.recipe(task.recipe), context);
    BatchStream retain = descent.batches(task.retain), forget = descent.batches(task.forget);
    std::int64_t bargains = 0, failures = 0;
    while (descent.next_epoch()) {
      std::int64_t left = forget.batches();
      for (const Batch& r : retain) {
        if (left-- <= 0) {
          descent.step(descent.loss(r));
          continue;
        }
        Batch u = forget.next();
        u.targets = random_labels(u.size(), task.forget.dataset->outputs, labels);
        const Tensor of_retain = descent.gradient(descent.loss(r)).clone();
        Tensor& step = descent.gradient(descent.loss(u));
        failures += bargain(of_retain, step) ? 0 : 1;
        ++bargains;
        descent.step_along(step);
      }
    }
    UnlearnReport report = report_of(descent.report());
    report.details["bargains"] = bargains;
    report.details["without_agreement"] = failures;
    return report;
  }

 private:
  // Turns `of_forget` into the step. Returns whether there is an agreement.
  static bool bargain(const Tensor& of_retain, Tensor& of_forget) {
    constexpr double kNone = 1e-6;  // of a bisector of unit vectors: they are opposite
    const Tensor bisector = unit(of_retain) + unit(of_forget);
    const bool is_agreed = bisector.norm().item<double>() > kNone &&
                           of_retain.norm().item<double>() > 0 &&
                           of_forget.norm().item<double>() > 0;
    const Tensor joint = is_agreed ? bisector : of_retain + 0.1 * of_forget;
    const double size = joint.norm().item<double>();
    of_forget.copy_(is_agreed || size > 1 ? joint / size : joint);
    return is_agreed;
  }

  static Tensor unit(const Tensor& gradient) {
    const double size = gradient.norm().item<double>();
    return size > 0 ? gradient / size : gradient;
  }

  DescentSettings steps_;
};

}  // namespace

MethodInfo munba_method() {
  return {.name = "munba",
          .summary = "steps along the bisector of the retain and a random-label gradient",
          .reference = "Wu and Harandi 2024, arXiv 2411.15537",
          .definition =
              "Steps along u / |u| + l2 theta, u the sum of the unit vectors along the gradients "
              "of the mean loss over a batch of what remains and over one of the forget set with "
              "labels drawn anew over all classes; where u or a gradient is 0 along g_r + 0.1 g_u, "
              "cut to length 1. An epoch is a pass over what remains; once all forget batches were "
              "used its steps are those of finetune.",
          .needs_retain_data = true,
          .needs_forget_data = true,
          .supports_adding = true,
          .make = make_unlearner<Munba>};
}

}  // namespace oubli
