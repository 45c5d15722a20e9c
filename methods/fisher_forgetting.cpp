// Fisher forgetting: noise on every parameter, more where the retain set does not care.
//
//   theta' = theta + n,  n_i ~ N(0, v_i)
//   form paper:     v_i = alpha (F_i + 1e-8)^(-1/2)
//   form released:  v_i = alpha min(1 / (F_i + 1e-8), 1e3), with the released code's rules by layer
//
// F is the diagonal of the Fisher over the retain set: `expected` (labels from the model, not from
// the data; the paper's), `empirical` (the data's labels), or `batch_mean_squared`, which is
// neither (core/curvature/fisher_diagonal.h) and what published code often computes, here in
// batches of 128. With `structure: ekfac` the noise is that of the matrix, not of its diagonal,
//
//   n ~ N(0, alpha (M + 1e-8 I)^(-1/2)),   M the EK-FAC matrix of the Fisher (ekfac.h),
//
// in form `paper` alone: the released rules are of single parameters. Source: Golatkar, Achille and
// Soatto 2020 (arXiv 1911.04933), section 4, where the optimal covariance is (lambda
// sigma_h^2)^(1/2) B^(-1/2); alpha stands for that factor. The authors' code has the power -1 and:
// a cap of 1e2 on the last layer; the mean variance over a weight's input dimension; ten times the
// variance on the last layer and on one-dimensional parameters; and for the last layer's row of a
// class that is wholly forgotten, mean 0 and variance 1e-4. `released` follows it, but for how it
// finds the last layer, which there is any parameter as wide as the number of classes and here the
// one that the outputs come from. Forgotten wholly is a class with examples in the forget set and
// none in the retain set; a model of one output has no row of a class. Noise comes from the
// context's stream "noise". Cross-entropy models. Cost: (1 + 2 C) / 3 n_r for C classes
// with the expected Fisher, n_r with the others; ekfac (2 + 6 C) / 3 n_r (8/3 n_r empirical).
#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "core/base/error.h"
#include "core/base/text.h"
#include "core/curvature/ekfac.h"
#include "core/curvature/fisher_diagonal.h"
#include "core/unlearn/unlearner.h"

namespace oubli {
namespace {

constexpr double kFloor = 1e-8;

Tensor class_counts(const Subset& subset) {
  return subset.dataset->targets.index_select(0, subset.rows).bincount({}, subset.dataset->outputs);
}

// Numbers of the parameters of the layer that the outputs come from.
std::vector<std::size_t> last_layer(const Model& model, const Subset& subset) {
  std::vector<std::size_t> last;
  model.linearise(subset.batch(0, 1, model.dtype()).inputs)
      ->visit([&](ParameterLinearisation& leaf) { last = leaf.parameters(); });
  return last;
}

class FisherForgetting : public Unlearner {
 public:
  explicit FisherForgetting(const Settings& settings) {
    alpha_ = settings.real("alpha",
                           {.default_value = 1e-6, .at_least = 0, .doc = "scale of the variance"});
    released_ =
        settings.choice("form", {.default_value = "paper",
                                 .valid = {"paper", "released"},
                                 .doc = "variance ~ F^(-1/2) of the paper, or the recipe of "
                                        "the released code, ~ F^(-1)"}) == "released";
    fisher_ = settings.choice(
        "fisher", {.default_value = "expected",
                   .valid = {"expected", "empirical", "batch_mean_squared"},
                   .doc = "labels from the model, from the data, or the squared mean gradient of "
                          "batches of 128"});
    structure_ = settings.choice("structure", {.default_value = "diagonal",
                                               .valid = {"diagonal", "ekfac"},
                                               .doc = "independent noise, or that of a "
                                                      "Kronecker-factored matrix"});
    if (structure_ == "diagonal") return;
    if (released_) {
      settings.fail("structure",
                    "the rules of form released are of single parameters and need "
                    "structure: diagonal");
    }
    if (fisher_ == "batch_mean_squared") {
      settings.fail("structure",
                    "batch_mean_squared is the diagonal of no matrix: structure ekfac "
                    "needs fisher: expected or empirical");
    }
  }

  std::optional<double> estimate_cost(const Task& task) const override {
    const auto n = static_cast<double>(task.retain.size());
    const double passes =
        fisher_ == "expected" ? static_cast<double>(task.retain.dataset->outputs) : 1;
    return structure_ == "ekfac" ? n * (2 + 6 * passes) / 3 : n * passes;
  }

  UnlearnReport unlearn(Model& model, const Task& task, Context& context) const override {
    if (task.objective().loss == LossKind::kSquaredError) {
      throw Error(ErrorKind::kTask,
                  "fisher_forgetting needs a model of classes: the "
                  "expected Fisher here is that of a softmax.");
    }
    UnlearnReport report;
    report.details = {{"targets", fisher_}, {"structure", structure_}};
    if (structure_ == "ekfac") {
      add_structured_noise(model, task, context, report);
    } else {
      add_independent_noise(model, task, context, report);
    }
    return report;
  }

 private:
  FisherTargets targets() const {
    return fisher_ == "expected" ? FisherTargets::kExpected : FisherTargets::kEmpirical;
  }

  void add_independent_noise(Model& model, const Task& task, Context& context,
                             UnlearnReport& report) const {
    FisherDiagonal fisher;
    if (fisher_ == "batch_mean_squared") {
      fisher.values = batch_mean_squared(model, task.retain, task.objective(), context.cost);
    } else {
      fisher = fisher_diagonal(targets(), model, task.retain, task.objective(), context.cost);
    }
    Tensor mean = model.theta().to(at::kDouble, false, /*copy=*/true);
    const Tensor variance = released_ ? released_variance(model, fisher.values, task, mean)
                                      : alpha_ * (fisher.values + kFloor).rsqrt();
    Generator noise = context.generator.stream("noise");
    const Tensor draw = noise.normal({model.dim()}, at::kDouble) * variance.sqrt();
    model.set_theta(mean + draw);
    if (!fisher.without_rules.empty()) {
      report.warnings.push_back(
          fmt::format("differentiated one example at a time, for their layers have no rules: {}",
                      listed(fisher.without_rules)));
    }
    Json& details = report.details;
    details["parameters_without_rules"] = fisher.without_rules;
    details["fisher_mean"] = fisher.values.mean().item<double>();
    details["noise_norm"] = draw.norm().item<double>();
    details["variance_mean"] = variance.mean().item<double>();
  }

  void add_structured_noise(Model& model, const Task& task, Context& context,
                            UnlearnReport& report) const {
    const Objective loss{task.objective().loss, 0};  // the Fisher alone, as for the diagonal
    const Ekfac fisher(model, task.retain, loss, context.cost, {.targets = targets()});
    Generator noise = context.generator.stream("noise");
    const Tensor draw = fisher.sample(alpha_, -0.5, kFloor, noise);
    model.add_to_theta(draw);
    if (std::string note = fisher.note_without_rules(); !note.empty()) {
      report.warnings.push_back(std::move(note));
    }
    Json& details = report.details;
    details["parameters_without_rules"] = fisher.parameters_without_rules();
    details["diagonal_parameters"] = fisher.diagonal_parameters();
    details["fisher_mean"] = fisher.trace() / static_cast<double>(model.dim());
    details["noise_norm"] = draw.norm().item<double>();
  }

  Tensor released_variance(const Model& model, const Tensor& fisher, const Task& task,
                           Tensor& mean) const {
    const Tensor forgotten =
        (class_counts(task.forget) > 0).logical_and(class_counts(task.retain) == 0);
    const bool has_rows = task.objective().loss == LossKind::kCrossEntropy;
    const std::vector<std::size_t> last = last_layer(model, task.retain);
    Tensor variance = (fisher + kFloor).reciprocal().clamp_max(1e3);
    const std::vector<Tensor> means = model.split(mean);
    std::vector<Tensor> pieces = model.split(variance);
    for (std::size_t i = 0; i < pieces.size(); ++i) {
      Tensor& v = pieces[i];
      const bool is_last = std::find(last.begin(), last.end(), i) != last.end();
      if (is_last) v.clamp_max_(1e2);
      v.mul_(alpha_);
      if (v.dim() > 1) v.copy_(v.mean(1, /*keepdim=*/true).expand_as(v));
      for (std::int64_t c = 0; alpha_ > 0 && is_last && has_rows && c < forgotten.numel(); ++c) {
        if (!forgotten[c].item<bool>()) continue;
        means[i][c].zero_();
        v[c].fill_(1e-4);
      }
      if (is_last || v.dim() == 1) v.mul_(10);
    }
    return variance;
  }

  double alpha_;
  bool released_;
  std::string fisher_;
  std::string structure_;
};

}  // namespace

MethodInfo fisher_forgetting_method() {
  return {
      .name = "fisher_forgetting",
      .summary = "adds noise where the retain set does not need the parameter",
      .reference = "Golatkar, Achille and Soatto 2020, arXiv 1911.04933",
      .definition =
          "theta' = theta + N(0, v), independent for each parameter. F is the diagonal of the "
          "Fisher of the mean loss over what remains, without l2: expected over the model's own "
          "labels, empirical with the data's, or the mean of squared mean gradients of batches of "
          "128 in the order of the rows. form paper: v = alpha (F + 1e-8)^(-1/2). form released: v "
          "= alpha min(1 / (F + 1e-8), 1e3), at most alpha 1e2 on the last layer, the one that the "
          "outputs come from; where there are two dimensions or more the mean of it over the "
          "second; 10 v on the last layer and on one-dimensional parameters. On the last layer's "
          "row of a class that the forget set has and what remains has not, the mean is 0 and v = "
          "1e-3, for any alpha above 0. structure ekfac: covariance alpha (M + 1e-8 I)^(-1/2), M "
          "the EK-FAC matrix.",
      .needs_retain_data = true,
      .needs_forget_data = true,  // form released: which classes are forgotten
      .supports_adding = false,
      .version = 2,  // the last layer is the one that outputs come from
      .make = make_unlearner<FisherForgetting>};
}

}  // namespace oubli
