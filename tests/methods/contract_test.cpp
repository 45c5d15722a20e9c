// What every registered method must do, whatever it is.
#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "methods/builtin.h"
#include "tests/support/problems.h"

namespace oubli {
namespace {

class MethodContract : public ::testing::TestWithParam<std::string> {
 protected:
  MethodContract() : info_(registry_.find(GetParam())) {}

  UnlearnReport run(Model& model, const Task& task, std::uint64_t seed = 0) {
    Context context(seed);
    const auto method = info_.make(Settings());
    return run_unlearner(info_, *method, model, task, context);
  }

  Registry<MethodInfo> registry_ = builtin_methods();
  const MethodInfo& info_;
  std::shared_ptr<const Dataset> data_ = testing::make_dataset(60, 4, 3);
  Task task_ = testing::removal_task(data_, 10, 0.01);
};

TEST_P(MethodContract, DescribesItself) {
  EXPECT_FALSE(info_.summary.empty());
  EXPECT_FALSE(info_.reference.empty());
  EXPECT_FALSE(info_.definition.empty());
  const Settings settings = Settings::describing();
  EXPECT_NE(info_.make(settings), nullptr);
  for (const SettingsDeclaration& declaration : settings.declarations()) {
    EXPECT_FALSE(declaration.doc.empty()) << declaration.key;
  }
}

TEST_P(MethodContract, RunsWithItsDefaultsAndCountsItsCost) {
  Model model = testing::make_model("mlp", "{hidden: [5]}", *data_);
  const UnlearnReport report = run(model, task_);
  EXPECT_TRUE(report.usable()) << report.message;
  EXPECT_GT(report.sample_gradients, 0);
  EXPECT_TRUE(at::isfinite(model.theta()).all().item<bool>());
}

TEST_P(MethodContract, TheSameSeedGivesTheSameBits) {
  Model a = testing::make_model("mlp", "{hidden: [5]}", *data_);
  Model b = a.clone();
  run(a, task_, 3);
  run(b, task_, 3);
  EXPECT_TRUE(a.theta().equal(b.theta()));
}

TEST_P(MethodContract, LeavesTheDataAlone) {
  const std::string before = data_->content_hash();
  Model model = testing::make_model("logistic", "{}", *data_);
  run(model, task_);
  EXPECT_EQ(data_->content_hash(), before);
}

TEST_P(MethodContract, CannotSeeDataThatItDeclaresUnneeded) {
  // With the undeclared data replaced by other rows, nothing may change.
  Model a = testing::make_model("logistic", "{}", *data_);
  Model b = a.clone();
  Task other = task_;
  if (!info_.needs_retain_data) other.retain = other.retain.with_rows(at::arange(50, 55));
  if (!info_.needs_forget_data) other.forget = other.forget.with_rows(at::arange(0, 3));
  run(a, task_);
  run(b, other);
  EXPECT_TRUE(a.theta().equal(b.theta()));
}

TEST_P(MethodContract, EstimatesItsCostFromAbove) {
  Model model = testing::make_model("logistic", "{}", *data_);
  const auto estimate = info_.make(Settings())->estimate_cost(task_);
  task_.recipe.epochs = 1;
  const UnlearnReport report = run(model, task_);
  if (estimate && report.status == UnlearnStatus::kCompleted) {
    EXPECT_LE(report.sample_gradients, *estimate * 1.2 + 1000);
  }
}

TEST_P(MethodContract, HasACardATestAndALine) {
  const std::filesystem::path root = OUBLI_SOURCE_DIR;
  EXPECT_TRUE(std::filesystem::exists(root / "methods" / (GetParam() + ".cpp")));
  EXPECT_TRUE(std::filesystem::exists(root / "tests/methods" / (GetParam() + "_test.cpp")));
}

INSTANTIATE_TEST_SUITE_P(Methods, MethodContract, ::testing::ValuesIn(builtin_methods().names()),
                         [](const auto& test) { return test.param; });

TEST(MethodsDef, NamesEveryMethodFile) {
  for (const auto& item :
       std::filesystem::directory_iterator(std::filesystem::path(OUBLI_SOURCE_DIR) / "methods")) {
    const std::string stem = item.path().stem().string();
    if (item.path().extension() != ".cpp" || stem == "builtin") continue;
    EXPECT_TRUE(builtin_methods().contains(stem)) << stem << " has no line in methods.def";
  }
}

}  // namespace
}  // namespace oubli
