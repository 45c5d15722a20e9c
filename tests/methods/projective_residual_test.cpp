#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "experiments/selftest/problems.h"
#include "tests/support/methods.h"

namespace oubli {
namespace {

using testing::make_dataset;
using testing::make_model;
using testing::removal_task;
using testing::run_method;

struct ProjectiveProblem {
  std::shared_ptr<const Dataset> data = make_dataset(50, 8, 0);
  Task task;
  Model model = make_model("linear", "{}", *data), retrained = model.clone();
  Tensor before;

  explicit ProjectiveProblem(std::int64_t forget, double l2)
      : task(removal_task(data, forget, l2)) {
    testing::minimise(model, task.train, task);
    testing::minimise(retrained, task.retain, task);
    before = model.theta().clone();
  }
  Tensor predictions(const Model& of) const {
    return of.forward(task.forget.batch(0, task.forget.size(), at::kDouble).inputs);
  }
};

TEST(ProjectiveResidual, PredictsTheForgetSetAsTheRetrainedModelDoes) {
  for (const double l2 : {0.0, 0.05}) {
    ProjectiveProblem p(4, l2);
    ASSERT_GT((p.predictions(p.model) - p.predictions(p.retrained)).abs().max().item<double>(),
              1e-3);
    run_method("projective_residual", "{}", p.model, p.task);
    EXPECT_LT((p.predictions(p.model) - p.predictions(p.retrained)).abs().max().item<double>(),
              1e-9);
  }
}

TEST(ProjectiveResidual, IsTheProjectionOfTheWayToTheRetrainedModel) {
  ProjectiveProblem p(4, 0.05);
  run_method("projective_residual", "{}", p.model, p.task);
  const Tensor inputs = p.task.forget.batch(0, 4, at::kDouble).inputs;
  const Tensor span = at::cat({inputs, at::ones({4, 1}, at::kDouble)}, 1);  // theta: weights, bias
  const Tensor projection = span.t().matmul(at::linalg_solve(span.matmul(span.t()), span));
  const Tensor expected = projection.matmul(p.retrained.theta() - p.before);
  EXPECT_LT((p.model.theta() - p.before - expected).abs().max().item<double>(), 1e-9);
  EXPECT_GT((p.model.theta() - p.retrained.theta()).norm().item<double>(), 1e-4);
}

TEST(ProjectiveResidual, IsExactWhereTheForgetSetSpansEverything) {
  ProjectiveProblem p(12, 0.05);
  const UnlearnReport report = run_method("projective_residual", "{}", p.model, p.task);
  EXPECT_EQ(report.details.at("directions"), 9);
  EXPECT_LT((p.model.theta() - p.retrained.theta()).abs().max().item<double>(), 1e-9);
}

TEST(ProjectiveResidual, RefusesWhatIsNotLinear) {
  const auto data = make_dataset(50, 8, 0);
  Model model = make_model("mlp", "{}", *data);
  EXPECT_THROW(run_method("projective_residual", "{}", model, removal_task(data, 4, 0.1)), Error);
}

}  // namespace
}  // namespace oubli
