// A small problem of attribution: training examples, tests, and a trained model, in float64.
#pragma once

#include <ATen/ATen.h>

#include <memory>
#include <string>

#include "core/attribution/attributor.h"
#include "core/base/settings_file.h"
#include "core/unlearn/initial_training.h"
#include "experiments/selftest/problems.h"

namespace oubli::testing {

struct AttributionProblem {
  std::shared_ptr<const Dataset> data;
  AttributionTask task;
  Model model;

  // 40 training examples and 5 tests of 3 classes, trained by a few epochs of SGD.
  explicit AttributionProblem(const std::string& architecture = "logistic",
                              const std::string& settings = "{}", double momentum = 0,
                              double l2 = 0)
      : data(make_dataset(45, 4, 3)),
        task{{data, at::arange(40), {}}, {data, at::arange(40, 45), {}}, {}, Generator(7)},
        model(make_model(architecture, settings, *data)) {
    task.recipe.objective = {LossKind::kCrossEntropy, l2};
    task.recipe.optimizer.name = "sgd";
    task.recipe.optimizer.lr = 0.2;
    task.recipe.optimizer.momentum = momentum;
    task.recipe.epochs = 4;
    task.recipe.batch_size = 7;
    Context context(task.training.seed());
    train_from_start(model, task.train, task.recipe, context);
  }

  Attribution attribute(const std::string& name, const std::string& settings = "{}") const {
    const AttributorInfo info = builtin_attributors().find(name);
    const Settings read(parse_settings(settings, "test"));
    const auto attributor = info.make(read);
    read.finish();
    Context context(3);
    return attributor->attribute(model, task, context);
  }

  // Loss of each test [tests].
  Tensor test_losses(const Model& at_model) const {
    const Batch all = task.tests.batch(0, task.tests.size(), at_model.dtype());
    return task.loss().losses(at_model.forward(all.inputs), all.targets).detach();
  }
};

inline double largest_difference(const Tensor& a, const Tensor& b) {
  return (a - b).abs().max().item<double>();
}

}  // namespace oubli::testing
