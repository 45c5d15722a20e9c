// Predicted against actual leave-one-out on logistic regression, the protocol of Koh and Liang
// 2017, figure 2, scaled down: remove the training points that matter most for a test point that is
// classified wrongly, and some others, one at a time; retrain; compare the change of the test loss.
// The regulariser keeps its total strength. On the digits always; on MNIST where OUBLI_DATA has it.
#include <ATen/ATen.h>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "core/base/settings_file.h"
#include "core/unlearn/influence_scores.h"
#include "datasets/source.h"
#include "experiments/selftest/problems.h"
#include "tests/support/methods.h"

namespace oubli {
namespace {

using testing::make_model;
using testing::minimise;
using testing::run_method;

constexpr double kL2 = 0.01;
// Pixels from 0 to 1, as in the paper: normalised ones are larger, and with them the leverage of a
// point, which influence leaves out.
const char* const kPixels = "{normalise: {mean: [0], deviation: [1]}}";

struct LeaveOneOut {
  std::string data;
  std::string settings;
  std::int64_t train = 0;
  std::int64_t most = 0;   // of the largest influence
  std::int64_t other = 0;  // drawn from the rest
};

void PrintTo(const LeaveOneOut& c, std::ostream* out) { *out << c.data; }

struct Agreement {
  double correlation = 0;
  double slope = 0;  // of actual on predicted
  double error = 0;  // mean absolute
};

Agreement agreement(const Tensor& predicted, const Tensor& actual) {
  const Tensor p = predicted - predicted.mean(), a = actual - actual.mean();
  return {(p.dot(a) / (p.norm() * a.norm())).item<double>(), (p.dot(a) / p.dot(p)).item<double>(),
          (predicted - actual).abs().mean().item<double>()};
}

class LeaveOneOutTest : public ::testing::TestWithParam<LeaveOneOut> {};

TEST_P(LeaveOneOutTest, InfluenceAndNewtonPredictRetraining) {
  const LeaveOneOut& c = GetParam();
  if (c.data != "digits" && std::getenv("OUBLI_DATA") == nullptr) {
    GTEST_SKIP() << "OUBLI_DATA names no folder of data sets";
  }
  const Registry<DataSource> sources = builtin_datasets();
  const LoadedData loaded = sources.find(c.data).configure(
      Settings(parse_settings(c.settings, "test")))(default_data_folders(""));
  const auto data = std::make_shared<const Dataset>(loaded.dataset);
  Task task;
  task.recipe.objective = {LossKind::kCrossEntropy, kL2};
  task.recipe.optimizer = {.name = "lbfgs", .tolerance = 1e-10, .max_iterations = 2000};
  task.train = {data, loaded.splits.train.narrow(0, 0, c.train), {}};
  Model model = make_model("logistic", "{}", *data);
  minimise(model, task.train, task);

  CostMeter cost;
  const Subset tests{data, loaded.splits.test, {}};
  const Tensor wrong =
      predict(model, tests, cost).argmax(1).ne(data->targets.index_select(0, tests.rows)).nonzero();
  ASSERT_GT(wrong.numel(), 0);
  const Subset test = tests.with_rows(tests.rows.index_select(0, wrong[0]));
  const Objective loss{LossKind::kCrossEntropy, 0};
  const double before = value_only(model, test, loss, cost).loss;
  CurvatureSolveSettings solve;
  solve.damping = 0;
  solve.limits = {1e-10, 5000};
  Context context(0);
  const Tensor effect =
      influence_scores(model, task.train, test, task.objective(), solve, context).effect;
  const Tensor order = effect.abs().argsort(true, 0, /*descending=*/true);
  const Tensor rest = order.narrow(0, c.most, c.train - c.most);
  const Tensor chosen =
      at::cat({order.narrow(0, 0, c.most),
               rest.index_select(0, Generator(1).permutation(rest.numel()).narrow(0, 0, c.other))});

  std::vector<double> actual, newton;
  for (std::int64_t i = 0; i < chosen.numel(); ++i) {
    const std::int64_t row = task.train.rows[chosen[i].item<std::int64_t>()].item<std::int64_t>();
    Task without = task;
    const double n = static_cast<double>(c.train);
    without.recipe.objective.l2 = kL2 * n / (n - 1);
    without.forget = task.train.with_rows(at::full({1}, row, at::kLong));
    without.retain = task.train.with_rows(rows_difference(task.train.rows, without.forget.rows));
    Model step = model.clone();
    const std::string exact =
        "{curvature: hessian, damping: 0, tolerance: 1.0e-10, max_iterations: 5000";
    run_method("newton", exact + "}", step, without);
    newton.push_back(value_only(step, test, loss, cost).loss - before);
    // Retraining: more steps, to the minimum.
    run_method("newton", exact + ", steps: 3}", step, without);
    ASSERT_LT(value_and_gradient(step, without.retain, without.objective(), cost)
                  .gradient.norm()
                  .item<double>(),
              1e-9);
    actual.push_back(value_only(step, test, loss, cost).loss - before);
  }
  const Tensor truth = at::tensor(actual, at::kDouble);
  const Agreement influence = agreement(effect.index_select(0, chosen), truth);
  const Agreement by_newton = agreement(at::tensor(newton, at::kDouble), truth);
  RecordProperty("influence", fmt::format("r {:.6f} slope {:.4f} error {:.2e}",
                                          influence.correlation, influence.slope, influence.error));
  RecordProperty("newton", fmt::format("r {:.8f} slope {:.5f} error {:.2e}", by_newton.correlation,
                                       by_newton.slope, by_newton.error));
  EXPECT_GE(influence.correlation, 0.99);
  EXPECT_NEAR(influence.slope, 1, 0.1);
  EXPECT_GE(by_newton.correlation, 0.999);
  EXPECT_LT(by_newton.error, influence.error);
}

INSTANTIATE_TEST_SUITE_P(Data, LeaveOneOutTest,
                         ::testing::Values(LeaveOneOut{"digits", "{}", 1000, 20, 10},
                                           LeaveOneOut{"mnist", kPixels, 5000, 30, 20}),
                         [](const auto& each) { return each.param.data; });

}  // namespace
}  // namespace oubli
