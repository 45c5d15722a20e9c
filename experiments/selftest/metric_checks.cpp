#include "experiments/selftest/metric_checks.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <cmath>

#include "experiments/selftest/problems.h"

namespace oubli::testing {
namespace {

// 80 examples in three sets, of test some with a trigger and all in two groups; a model and an
// oracle with random outputs.
struct MetricProblem {
  Evaluation evaluation;
  ModelOutcome model, oracle;

  explicit MetricProblem(std::int64_t classes) {
    evaluation.dataset = make_dataset(80, 3, classes);
    evaluation.sets = {{"retain", at::arange(0, 40)}, {"forget", at::arange(40, 60)},
                       {"test", at::arange(60, 80)},  {"triggered", at::arange(60, 70)},
                       {"group", at::arange(60, 68)}, {"others", at::arange(68, 80)}};
    if (classes > 0) evaluation.planted = {1, 1};
    Generator generator(4);
    const std::int64_t outputs = std::max<std::int64_t>(classes, 1);
    const LossKind loss = classes > 0 ? LossKind::kCrossEntropy : LossKind::kSquaredError;
    for (ModelOutcome* outcome : {&model, &oracle}) {
      outcome->predictions =
          Predictions(evaluation.dataset, loss, generator.normal({80, outputs}, at::kDouble));
      outcome->theta = generator.normal({7}, at::kDouble);
      outcome->sample_gradients = outcome == &model ? 10 : 40;
      outcome->seconds = outcome == &model ? 1 : 2;
    }
  }
  std::vector<MetricValue> compute(const Metric& metric, std::size_t oracles) const {
    return metric.compute({.evaluation = evaluation,
                           .model = model,
                           .oracles = std::vector<const ModelOutcome*>(oracles, &oracle)});
  }
};

void metric_describes_itself(const Metric& metric, Findings& findings) {
  findings.expect(!metric.summary.empty(), "", "it has no summary");
  findings.expect(!metric.columns.empty(), "", "it has no columns");
  const bool computes =
      metric.compute || metric.compute_population || metric.derive || metric.compute_attribution;
  findings.expect(computes, "", "it computes nothing");
}

void is_finite(const Metric& metric, Findings& findings) {
  if (!metric.compute) return;
  for (const std::int64_t classes : {3, 0}) {
    const MetricProblem problem(classes);
    for (const MetricValue& value : problem.compute(metric, 1)) {
      findings.expect(std::isfinite(value.value), classes > 0 ? "classes" : "regression",
                      fmt::format("{} is {}", value.column, value.value));
    }
  }
}

void leaves_its_input_alone(const Metric& metric, Findings& findings) {
  if (!metric.compute) return;
  for (const std::int64_t classes : {3, 0}) {
    const MetricProblem problem(classes);
    const Tensor before = problem.model.predictions.outputs(at::arange(80)).clone();
    problem.compute(metric, 1);
    findings.expect(before.equal(problem.model.predictions.outputs(at::arange(80))),
                    classes > 0 ? "classes" : "regression", "the outputs changed");
  }
}

void counts_no_oracle_twice(const Metric& metric, Findings& findings) {
  if (!metric.compute) return;
  for (const std::int64_t classes : {3, 0}) {
    const std::string where = classes > 0 ? "classes" : "regression";
    const MetricProblem problem(classes);
    const auto once = problem.compute(metric, 1), twice = problem.compute(metric, 2);
    if (!findings.expect(once.size() == twice.size(), where, "columns depend on the oracles")) {
      continue;
    }
    for (std::size_t i = 0; i < once.size(); ++i) {
      findings.expect(std::abs(once[i].value - twice[i].value) <= 1e-14, where,
                      once[i].column +
                          " changes where the same oracle is given twice: it is the "
                          "mean over oracles");
    }
  }
}

}  // namespace

const std::vector<MetricCheck>& metric_checks() {
  static const std::vector<MetricCheck> checks{
      {"DescribesItself", "it says what it is", metric_describes_itself},
      {"IsFinite", "its values are numbers", is_finite},
      {"LeavesItsInputAlone", "predictions are not changed", leaves_its_input_alone},
      {"IsAMeanOverOracles", "an oracle given twice changes nothing", counts_no_oracle_twice},
  };
  return checks;
}

}  // namespace oubli::testing
