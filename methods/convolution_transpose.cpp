// Convolution transpose (CT): every square kernel is flipped along its diagonal, then repaired.
//
//   W[o, i, h, w] <- W[o, i, w, h] for every convolution; then fine-tuning on D_r + D_a
//
// Cheap damage that needs no data and draws nothing, and a repair. Source: fifth place of the
// NeurIPS 2023 competition (Triantafillou et al. 2024, arXiv 2406.09073), its steps as released:
// SGD at 1e-3, momentum 0.9, three epochs, cosine. Done twice the damage is undone; kernels that
// are symmetric, and 1 by 1, do not change. Error(kTask) for a network without square kernels.
// Cost: n_r times the epochs.
#include <ATen/ATen.h>

#include "core/train/descent_settings.h"
#include "core/unlearn/unlearner.h"

namespace oubli {
namespace {

bool is_square_kernel(const ParameterInfo& info) {
  return info.shape.size() == 4 && info.shape[2] == info.shape[3] && info.shape[2] > 1;
}

class ConvolutionTranspose : public Unlearner {
 public:
  explicit ConvolutionTranspose(const Settings& settings)
      : steps_(DescentSettings::read(settings,
                                     {.epochs = 3, .lr = 1e-3, .schedule = {.name = "cosine"}})) {}

  std::optional<double> estimate_cost(const Task& task) const override {
    return static_cast<double>(task.retain.size() * steps_.epochs);
  }

  UnlearnReport unlearn(Model& model, const Task& task, Context& context) const override {
    const auto& infos = model.parameter_infos();
    Tensor theta = model.theta().clone();
    const Tensors pieces = model.split(theta);
    std::int64_t kernels = 0;
    for (std::size_t i = 0; i < infos.size(); ++i) {
      if (!is_square_kernel(infos[i])) continue;
      pieces[i].copy_(pieces[i].transpose(2, 3).clone());
      ++kernels;
    }
    if (kernels == 0) {
      throw Error(ErrorKind::kTask,
                  "convolution_transpose: the network has no square kernels of 2 by 2 or more");
    }
    model.set_theta(theta);
    UnlearnReport report =
        report_of(train(model, task.retain, steps_.recipe(task.recipe), context));
    report.details["kernels"] = kernels;
    return report;
  }

 private:
  DescentSettings steps_;
};

}  // namespace

MethodInfo convolution_transpose_method() {
  return {.name = "convolution_transpose",
          .summary = "transposes every convolution's kernel, then trains on what remains",
          .reference = "Triantafillou et al. 2024, arXiv 2406.09073 (fifth place)",
          .definition =
              "The two spatial axes of every square kernel are exchanged, then finetune on what "
              "remains and what is added.",
          .needs_retain_data = true,
          .needs_forget_data = false,
          .supports_adding = true,
          .make = make_unlearner<ConvolutionTranspose>};
}

}  // namespace oubli
