// Runs one method by name with settings written as YAML.
#pragma once

#include <ATen/ATen.h>

#include <string>

#include "core/base/settings_file.h"
#include "methods/builtin.h"

namespace oubli::testing {

inline UnlearnReport run_method(const std::string& name, const std::string& settings, Model& model,
                                const Task& task, std::uint64_t seed = 0) {
  const Methods methods = builtin_methods();
  const MethodInfo& info = methods.find(name);
  const Settings read(parse_settings(settings, "test"));
  const auto method = info.make(read, methods);
  read.finish();
  Context context(seed);
  return run_unlearner(info, *method, model, task, context);
}

// Trains `model` to the minimum of the task's objective over `subset`.
inline void minimise(Model& model, const Subset& subset, const Task& task) {
  Context context(0);
  train(model, subset, task.recipe, context);
}

inline double relative_distance(const Tensor& a, const Tensor& b) {
  return ((a - b).norm() / b.norm()).item<double>();
}

}  // namespace oubli::testing
