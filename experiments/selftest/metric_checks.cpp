#include "experiments/selftest/metric_checks.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <cmath>
#include <functional>
#include <string>

#include "experiments/selftest/problems.h"

namespace oubli::testing {
namespace {

// Sets of examples; a model and an oracle with random outputs.
struct MetricProblem {
  std::string name;
  Evaluation evaluation = {};
  ModelOutcome model = {}, oracle = {};

  std::vector<MetricValue> compute(const Metric& metric, std::size_t oracles) const {
    return metric.compute({.evaluation = evaluation,
                           .model = model,
                           .oracles = std::vector<const ModelOutcome*>(oracles, &oracle)});
  }
  Tensor outputs() const {
    return model.predictions.outputs(at::arange(evaluation.dataset->size())).clone();
  }
};

void draw_outcomes(MetricProblem& problem, const std::function<Predictions(Generator&)>& draw) {
  Generator generator(4);
  for (ModelOutcome* outcome : {&problem.model, &problem.oracle}) {
    outcome->predictions = draw(generator);
    outcome->theta = generator.normal({7}, at::kDouble);
    outcome->sample_gradients = outcome == &problem.model ? 10 : 40;
    outcome->seconds = outcome == &problem.model ? 1 : 2;
  }
}

// 80 examples in three sets, of test some with a trigger and all in two groups.
MetricProblem problem_of(std::int64_t classes) {
  MetricProblem problem{classes > 0 ? "classes" : "regression"};
  Evaluation& evaluation = problem.evaluation;
  evaluation.dataset = make_dataset(80, 3, classes);
  evaluation.sets = {{"retain", at::arange(0, 40)}, {"forget", at::arange(40, 60)},
                     {"test", at::arange(60, 80)},  {"triggered", at::arange(60, 70)},
                     {"group", at::arange(60, 68)}, {"others", at::arange(68, 80)}};
  if (classes > 0) evaluation.planted = {1, 1};
  const std::int64_t outputs = std::max<std::int64_t>(classes, 1);
  const LossKind loss = classes > 0 ? LossKind::kCrossEntropy : LossKind::kSquaredError;
  draw_outcomes(problem, [&](Generator& generator) {
    return Predictions(evaluation.dataset, loss, generator.normal({80, outputs}, at::kDouble));
  });
  return problem;
}

// Five people, of whom one is forgotten, and one is known to nobody.
MetricProblem problem_of_sentences() {
  MetricProblem problem{"sentences"};
  Evaluation& evaluation = problem.evaluation;
  evaluation.dataset = make_sentences();
  evaluation.sets = {{"retain", at::arange(0, 36)},
                     {"forget", at::arange(36, 48)},
                     {"test", at::arange(0, 36, 6)},
                     {"held_out", at::arange(48, 60)}};
  const Dataset& data = *evaluation.dataset;
  draw_outcomes(problem, [&](Generator& generator) {
    const Tensor asked = data.sequences.next.ge(0);
    const Tensor losses = generator.normal(asked.sizes(), at::kDouble).abs();
    const ModelOutputs outputs = {generator.normal({data.size(), data.outputs}, at::kDouble),
                                  losses * asked,
                                  generator.integers(0, data.outputs, asked.sizes()),
                                  generator.integers(0, data.outputs, {data.size(), 1})};
    return Predictions(evaluation.dataset, LossKind::kCrossEntropy, outputs,
                       at::arange(data.size()));
  });
  return problem;
}

std::vector<MetricProblem> metric_problems() {
  return {problem_of(3), problem_of(0), problem_of_sentences()};
}

void metric_describes_itself(const Metric& metric, Findings& findings) {
  findings.expect(!metric.summary.empty(), "", "it has no summary");
  findings.expect(!metric.columns.empty(), "", "it has no columns");
  const bool computes =
      metric.compute || metric.compute_population || metric.derive || metric.compute_attribution;
  findings.expect(computes, "", "it computes nothing");
}

void is_finite(const Metric& metric, Findings& findings) {
  if (!metric.compute) return;
  for (const MetricProblem& problem : metric_problems()) {
    for (const MetricValue& value : problem.compute(metric, 1)) {
      findings.expect(std::isfinite(value.value), problem.name,
                      fmt::format("{} is {}", value.column, value.value));
    }
  }
}

void leaves_its_input_alone(const Metric& metric, Findings& findings) {
  if (!metric.compute) return;
  for (const MetricProblem& problem : metric_problems()) {
    const Tensor before = problem.outputs();
    problem.compute(metric, 1);
    findings.expect(before.equal(problem.outputs()), problem.name, "the outputs changed");
  }
}

void counts_no_oracle_twice(const Metric& metric, Findings& findings) {
  if (!metric.compute) return;
  for (const MetricProblem& problem : metric_problems()) {
    const auto once = problem.compute(metric, 1), twice = problem.compute(metric, 2);
    if (!findings.expect(once.size() == twice.size(), problem.name,
                         "columns depend on the oracles")) {
      continue;
    }
    for (std::size_t i = 0; i < once.size(); ++i) {
      findings.expect(std::abs(once[i].value - twice[i].value) <= 1e-14, problem.name,
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
