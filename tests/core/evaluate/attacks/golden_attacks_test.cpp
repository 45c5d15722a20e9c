// Attacks against NumPy, SciPy and scikit-learn, to 1e-9 relative: tests/golden/make_attacks.py.
#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "core/evaluate/attacks/lira.h"
#include "core/evaluate/attacks/logistic_regression.h"
#include "core/evaluate/attacks/roc.h"
#include "core/evaluate/predictions.h"

namespace oubli {
namespace {

using Json = nlohmann::json;

Json golden(const std::string& part) {
  std::ifstream file(std::filesystem::path(OUBLI_SOURCE_DIR) / "tests" / "golden" / "attacks.json");
  return Json::parse(file).at(part);
}

// A list, or a list of rows.
Tensor tensor(const Json& json) {
  if (!json.at(0).is_array()) return at::tensor(json.get<std::vector<double>>(), at::kDouble);
  Tensors rows;
  for (const Json& row : json) rows.push_back(tensor(row));
  return at::stack(rows);
}

void expect_close(double found, double expected, const std::string& what) {
  EXPECT_NEAR(found, expected, 1e-9 * std::abs(expected) + 1e-300) << what;
}

void expect_close(const Tensor& found, const Json& expected, const std::string& what) {
  ASSERT_EQ(found.numel(), static_cast<std::int64_t>(expected.size())) << what;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    expect_close(found[static_cast<std::int64_t>(i)].item<double>(), expected[i].get<double>(),
                 what);
  }
}

TEST(GoldenAttacks, RocSummaries) {
  const Json g = golden("roc");
  const Tensor positive = tensor(g["positive"]), negative = tensor(g["negative"]);
  expect_close(auc(positive, negative), g["auc"].get<double>(), "auc");
  expect_close(auc_standard_error(positive, negative).value(), g["standard_error"].get<double>(),
               "standard error");
  expect_close(membership_advantage(positive, negative), g["advantage"].get<double>(), "advantage");
  for (std::size_t i = 0; i < g["fpr"].size(); ++i) {
    expect_close(tpr_at_fpr(positive, negative, g["fpr"][i].get<double>()),
                 g["tpr"][i].get<double>(), "tpr at " + g["fpr"][i].dump());
  }
}

TEST(GoldenAttacks, Scores) {
  const Json g = golden("scores");
  auto dataset = std::make_shared<Dataset>();
  dataset->targets = tensor(g["labels"]).to(at::kLong);
  dataset->inputs = at::zeros({dataset->targets.numel(), 1});
  const Predictions p(dataset, Loss::kCrossEntropy, tensor(g["outputs"]));
  expect_close(p.losses(), g["losses"], "losses");
  expect_close(p.confidence(), g["confidence"], "confidence");
  expect_close(p.entropy(), g["entropy"], "entropy");
  expect_close(p.modified_entropy(), g["modified_entropy"], "modified entropy");
  expect_close(p.scaled_confidence(), g["scaled_confidence"], "scaled confidence");
  expect_close(p.predicted(), g["predicted"], "predicted");
}

TEST(GoldenAttacks, LogisticRegression) {
  for (const Json& g : golden("logistic")) {
    const Tensor features = tensor(g["features"]);
    const LogisticRegression fit =
        fit_logistic_regression(features, tensor(g["labels"]).gt(0), g["c"].get<double>());
    EXPECT_TRUE(fit.converged);
    expect_close(fit.coefficients, g["coefficients"], "coefficients");
    expect_close(fit.intercept, g["intercept"].get<double>(), "intercept");
    expect_close(fit.decision(features), g["decision"], "decision");
  }
}

TEST(GoldenAttacks, Lira) {
  for (const Json& g : golden("lira")) {
    const LiraFit fit = fit_lira(tensor(g["phi"]), tensor(g["member"]).gt(0));
    expect_close(lira_online_scores(fit, tensor(g["observed"])), g["online"], "online");
    expect_close(lira_offline_scores(fit.out, tensor(g["observed"])), g["offline"], "offline");
  }
}

}  // namespace
}  // namespace oubli
