#include "core/evaluate/attacks/support_vectors.h"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <svm.h>

#include <cmath>
#include <vector>

#include "core/base/error.h"

namespace oubli {

// libsvm's model points into the problem that it was fitted to.
struct SupportVectorClassifier::Fit {
  std::vector<double> labels;
  std::vector<svm_node> nodes;  // a value and an end for each example
  std::vector<svm_node*> examples;
  svm_model* model = nullptr;

  Fit() = default;
  Fit(const Fit&) = delete;
  Fit& operator=(const Fit&) = delete;
  ~Fit() {
    if (model != nullptr) svm_free_and_destroy_model(&model);
  }
};

SupportVectorClassifier::SupportVectorClassifier(const Tensor& positives, const Tensor& negatives,
                                                 const SupportVectorSettings& settings) {
  if (positives.numel() == 0 || negatives.numel() == 0) {
    throw Error(ErrorKind::kUsage, "a support-vector classifier needs examples of both classes");
  }
  const Tensor features = at::cat({positives, negatives}).to(at::kDouble).contiguous();
  if (!features.isfinite().all().item<bool>()) {
    throw Error(ErrorKind::kUsage, "a support-vector classifier needs finite features");
  }
  auto fit = std::make_shared<Fit>();
  const auto n = static_cast<std::size_t>(features.numel());
  fit->nodes.resize(2 * n);
  for (std::size_t i = 0; i < n; ++i) {
    fit->labels.push_back(static_cast<std::int64_t>(i) < positives.numel() ? 1 : -1);
    fit->nodes[2 * i] = {1, features.const_data_ptr<double>()[i]};
    fit->nodes[2 * i + 1] = {-1, 0};
    fit->examples.push_back(&fit->nodes[2 * i]);
  }
  const svm_problem problem{static_cast<int>(n), fit->labels.data(), fit->examples.data()};
  svm_parameter parameter{};
  parameter.svm_type = C_SVC;
  parameter.kernel_type = RBF;
  parameter.C = settings.c;
  parameter.gamma = settings.gamma;
  parameter.cache_size = 100;  // MB
  parameter.eps = 1e-3;
  parameter.shrinking = 1;
  if (const char* wrong = svm_check_parameter(&problem, &parameter)) {
    throw Error(ErrorKind::kUsage, fmt::format("support vectors: {}", wrong));
  }
  svm_set_print_string_function([](const char*) {});
  fit->model = svm_train(&problem, &parameter);
  fit_ = std::move(fit);
}

Tensor SupportVectorClassifier::predicted(const Tensor& features) const {
  const Tensor values = features.to(at::kDouble).contiguous();
  Tensor positive = at::empty({values.numel()}, at::kBool);
  for (std::int64_t i = 0; i < values.numel(); ++i) {
    const svm_node node[] = {{1, values.const_data_ptr<double>()[i]}, {-1, 0}};
    positive.mutable_data_ptr<bool>()[i] = svm_predict(fit_->model, node) > 0;
  }
  return positive;
}

}  // namespace oubli
