#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "core/privacy/gaussian.h"
#include "tests/support/planned_original.h"

namespace oubli {
namespace {

using testing::certified;
using ::testing::HasSubstr;
using testing::make_dataset;
using testing::make_model;
using testing::minimise;
using testing::removal_task;
using testing::run_method;

Model minimum(const Task& task, const Subset& subset, const std::string& name) {
  Model model = make_model(name, "{}", *subset.dataset);
  minimise(model, subset, task);
  return model;
}

// Request after request: the vector before its noise is never farther from the retrained minimum
// than the noise was made for.
TEST(NewtonNoise, BoundsTheDistanceToRetraining) {
  const auto data = make_dataset(400, 4, 3);
  Task task = removal_task(data, 5, 5);
  Model model = minimum(task, task.train, "logistic");
  for (int request = 0; request < 6; ++request) {
    const UnlearnReport report =
        run_method("newton_noise", "{tolerance: 1e-12, largest_noise: 1e9}", model, task,
                   static_cast<std::uint64_t>(request));
    ASSERT_TRUE(report.usable()) << report.message;
    const Tensor retrained = minimum(task, task.retain, "logistic").theta();
    const double distance = (testing::unreleased(report) - retrained).norm().item<double>();
    EXPECT_LE(distance, certified(report, "sensitivity"));
    EXPECT_GT(distance, 0);
    EXPECT_FALSE(model.theta().equal(testing::unreleased(report)));
    EXPECT_EQ(report.details.at("releases"), request + 1);
    task.state = report.state;
    task.train = task.retain;
    task.forget = task.train.with_rows(task.train.rows.narrow(0, 0, 5));
    task.retain = task.train.with_rows(task.train.rows.narrow(0, 5, task.train.size() - 5));
  }
  // Releases that are seen together give away more.
  const UnlearnReport last = run_method("newton_noise", "{largest_noise: 1e9}", model, task);
  const double mu = gaussian_mu(1, 1e-5) * std::sqrt(7.0);
  EXPECT_NEAR(certified(last, "epsilon"), gaussian_epsilon(mu, 1e-5), 1e-9);
  EXPECT_NEAR(certified(last, "mu"), mu, 1e-12);
  EXPECT_EQ(last.details.at("certificate").at("covers"), "all releases");
}

TEST(NewtonNoise, SaysWhatLaterRequestsRestOn) {
  const auto data = make_dataset(60, 4, 0);
  const Task task = removal_task(data, 8, 0.1);
  const Model original = minimum(task, task.train, "linear");
  Model model = original.clone();
  const UnlearnReport report = run_method("newton_noise", "{tolerance: 1e-13}", model, task);
  ASSERT_TRUE(report.usable()) << report.message;
  EXPECT_EQ(testing::status_of("stays secret", report), "assumed");
  EXPECT_EQ(testing::status_of("requests do not depend", report), "assumed");
  EXPECT_EQ(testing::status_of("inputs do not depend", report), "checked");
  auto fitted = std::make_shared<Dataset>(*data);
  fitted->is_fitted_to_rows = true;
  const Task other = removal_task(fitted, 8, 0.1);
  model = original.clone();
  const UnlearnReport standardised = run_method("newton_noise", "{tolerance: 1e-13}", model, other);
  EXPECT_EQ(testing::status_of("inputs do not depend", standardised), "assumed");
}

TEST(NewtonNoise, NeedsNoNoiseForQuadratics) {
  const auto data = make_dataset(60, 4, 0);
  const Task task = removal_task(data, 8, 0.1);
  Model model = minimum(task, task.train, "linear");
  const UnlearnReport report = run_method("newton_noise", "{tolerance: 1e-13}", model, task);
  ASSERT_TRUE(report.usable()) << report.message;
  const double sigma = certified(report, "sigma");
  EXPECT_LT(sigma, 1e-9);
  const Tensor retrained = minimum(task, task.retain, "linear").theta();
  EXPECT_LT((model.theta() - retrained).norm().item<double>(), 1e-8);
}

TEST(NewtonNoise, ReleasesWithTheNoiseItSays) {
  const auto data = make_dataset(300, 60, 3);
  const Task task = removal_task(data, 1, 2);
  const Model original = minimum(task, task.train, "logistic");
  Model model = original.clone();
  const UnlearnReport report = run_method("newton_noise", "{largest_noise: 1e9}", model, task, 3);
  const double sigma = certified(report, "sigma");
  EXPECT_NEAR(sigma, certified(report, "sensitivity") / gaussian_mu(1, 1e-5), 1e-12 * sigma);
  const Tensor noise = (model.theta() - testing::unreleased(report)) / sigma;
  const double n = static_cast<double>(noise.numel());
  EXPECT_NEAR(noise.square().mean().item<double>(), 1, 5 * std::sqrt(2 / n));
}

std::string refusal(Model& model, const Task& task) {
  const Tensor before = model.theta().clone();
  const UnlearnReport report = run_method("newton_noise", "{}", model, task);
  EXPECT_EQ(report.status, UnlearnStatus::kRefused);
  EXPECT_TRUE(model.theta().equal(before));
  EXPECT_EQ(report.to_json().dump().find("\"epsilon\""), std::string::npos);  // that nothing backs
  return report.message;
}

TEST(NewtonNoise, RefusesWhatItCannotBound) {
  const auto data = make_dataset(60, 4, 3);
  Task task = removal_task(data, 8, 0.1);
  Model network = make_model("mlp", "{hidden: [4]}", *data);
  EXPECT_THAT(refusal(network, task), HasSubstr("linear"));
  // Weak l2: the noise would be all that is left.
  Model model = minimum(task, task.train, "logistic");
  EXPECT_THAT(refusal(model, task), HasSubstr("times as long as the parameters"));
  task.recipe.objective.l2 = 0;
  EXPECT_THAT(refusal(model, task), HasSubstr("l2"));
}

}  // namespace
}  // namespace oubli
