// What every registered method must do, whatever it is, on every network that it does not refuse.
#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "methods/builtin.h"
#include "tests/support/files.h"
#include "tests/support/problems.h"

namespace oubli {
namespace {

constexpr std::int64_t kForgotten = 10;

// A network with examples that it can be trained on.
struct ContractProblem {
  std::string name, architecture, settings;
  at::ScalarType dtype;
  std::shared_ptr<const Dataset> data;
  bool forgets_a_class = false;

  Model model(std::uint64_t seed = 0) const {
    return testing::make_model(architecture, settings, *data, seed, dtype);
  }
  Task task() const {
    Task task = testing::removal_task(data, kForgotten, 0.01);
    task.recipe.optimizer = {.name = "sgd", .lr = 0.05};
    task.recipe.epochs = 2;
    task.recipe.batch_size = 16;
    task.validation = task.train.with_rows(at::arange(kForgotten, 20));
    if (forgets_a_class) {
      const Tensor is_forgotten = data->targets.eq(1);
      task.forget = task.train.with_rows(is_forgotten.nonzero().squeeze(1));
      task.retain = task.train.with_rows(is_forgotten.logical_not().nonzero().squeeze(1));
    }
    task.make_model = [problem = *this](std::int64_t outputs) {
      Dataset like = *problem.data;
      if (outputs > 0) like.outputs = outputs;
      return testing::make_model(problem.architecture, problem.settings, like, 0, problem.dtype);
    };
    return task;
  }
};

std::vector<ContractProblem> problems() {
  const auto table = testing::make_dataset(60, 4, 3);
  Dataset images = *testing::make_dataset(60, 64, 3);
  images.inputs = images.inputs.view({60, 1, 8, 8}).to(at::kFloat);
  const auto pictures = std::make_shared<const Dataset>(images);
  return {
      {"logistic", "logistic", "{}", at::kDouble, table},
      {"mlp", "mlp", "{hidden: [5]}", at::kDouble, table},
      {"mlp_float32", "mlp", "{hidden: [5]}", at::kFloat, table},
      {"convnet_batch_norm", "convnet", "{channels: [4, 4], norm: batch}", at::kFloat, pictures},
      {"class", "mlp", "{hidden: [5]}", at::kDouble, table, /*forgets_a_class=*/true},
      {"regression", "linear", "{}", at::kDouble, testing::make_dataset(60, 4, 0)}};
}

class MethodContract : public ::testing::TestWithParam<std::string> {
 protected:
  MethodContract() : info_(registry_.find(GetParam())) {}

  UnlearnReport run(Model& model, const Task& task, std::uint64_t seed = 0) {
    Context context(seed);
    return run(model, task, context);
  }
  UnlearnReport run(Model& model, const Task& task, Context& context) {
    const auto method = info_.make(Settings(), registry_);
    return run_unlearner(info_, *method, model, task, context);
  }
  // Whether the method says, in a sentence, that it is not for this network.
  bool refuses(const ContractProblem& problem) {
    try {
      Model model = problem.model();
      run(model, problem.task());
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kTask) << error.what();
      EXPECT_GT(std::string(error.what()).size(), 20u);
      return true;
    }
    return false;
  }
  std::vector<ContractProblem> suitable() {
    std::vector<ContractProblem> all = problems();
    std::erase_if(all, [&](const ContractProblem& problem) { return refuses(problem); });
    EXPECT_FALSE(all.empty());
    return all;
  }

  Methods registry_ = builtin_methods();
  const MethodInfo& info_;
};

TEST_P(MethodContract, DescribesItself) {
  EXPECT_FALSE(info_.summary.empty());
  EXPECT_FALSE(info_.reference.empty());
  EXPECT_FALSE(info_.definition.empty());
  const Settings settings = Settings::describing();
  EXPECT_NE(info_.make(settings, registry_), nullptr);
  for (const SettingsDeclaration& declaration : settings.declarations()) {
    EXPECT_FALSE(declaration.doc.empty()) << declaration.key;
  }
}

TEST_P(MethodContract, RunsWithItsDefaultsAndCountsItsCost) {
  for (const ContractProblem& problem : suitable()) {
    Model model = problem.model();
    const Tensor before = model.theta().clone();
    const UnlearnReport report = run(model, problem.task());
    EXPECT_TRUE(report.usable()) << problem.name << ": " << report.message;
    EXPECT_TRUE(at::isfinite(model.theta()).all().item<bool>()) << problem.name;
    if (model.theta().equal(before)) {
      EXPECT_FALSE(report.message.empty()) << problem.name << ": it did nothing, and says not why";
    } else {
      EXPECT_GT(report.sample_gradients, 0) << problem.name;
    }
  }
}

TEST_P(MethodContract, TheSameSeedGivesTheSameBits) {
  for (const ContractProblem& problem : suitable()) {
    Model a = problem.model(), b = a.clone();
    run(a, problem.task(), 3);
    run(b, problem.task(), 3);
    EXPECT_TRUE(a.theta().equal(b.theta())) << problem.name;
    for (std::size_t i = 0; i < a.buffers().size(); ++i) {
      EXPECT_TRUE(a.buffers()[i].equal(b.buffers()[i])) << problem.name;
    }
  }
}

TEST_P(MethodContract, LeavesTheDataAlone) {
  for (const ContractProblem& problem : suitable()) {
    const std::string before = problem.data->content_hash();
    Model model = problem.model();
    run(model, problem.task());
    EXPECT_EQ(problem.data->content_hash(), before) << problem.name;
  }
}

TEST_P(MethodContract, CannotSeeDataThatItDeclaresUnneeded) {
  // With the undeclared data replaced by other rows, nothing may change.
  for (const ContractProblem& problem : suitable()) {
    Model a = problem.model(), b = a.clone();
    Task other = problem.task();
    if (!info_.needs_retain_data) other.retain = other.retain.with_rows(at::arange(50, 55));
    if (!info_.needs_forget_data) other.forget = other.forget.with_rows(at::arange(0, 3));
    run(a, problem.task());
    run(b, other);
    EXPECT_TRUE(a.theta().equal(b.theta())) << problem.name;
  }
}

TEST_P(MethodContract, EstimatesItsCostFromAbove) {
  for (const ContractProblem& problem : suitable()) {
    Task task = problem.task();
    const auto estimate = info_.make(Settings(), registry_)->estimate_cost(task);
    Model model = problem.model();
    const UnlearnReport report = run(model, task);
    if (estimate && report.status == UnlearnStatus::kCompleted) {
      EXPECT_LE(report.sample_gradients, *estimate * 1.2 + 1000) << problem.name;
    }
  }
}

TEST_P(MethodContract, WithNothingToForgetItIsUsable) {
  for (const ContractProblem& problem : suitable()) {
    Task task = problem.task();
    task.forget = task.forget.with_rows(at::empty({0}, at::kLong));
    task.retain = task.train;
    Model model = problem.model();
    const Tensor before = model.theta().clone();
    const UnlearnReport report = run(model, task);
    EXPECT_TRUE(report.usable()) << problem.name << ": " << report.message;
    if (!info_.needs_retain_data) {
      EXPECT_TRUE(model.theta().equal(before)) << problem.name << ": it was handed no data at all";
    }
  }
}

TEST_P(MethodContract, AddsOrRefusesTo) {
  for (const ContractProblem& problem : suitable()) {
    Task task = problem.task();
    task.added = task.train.with_rows(at::arange(50, 60));
    task.train = task.train.with_rows(at::arange(0, 50));
    Model model = problem.model();
    if (info_.supports_adding) {
      EXPECT_TRUE(run(model, task).usable()) << problem.name;
      continue;
    }
    const std::string message = testing::error_of(ErrorKind::kTask, [&] { run(model, task); });
    EXPECT_NE(message.find("cannot add"), std::string::npos) << message;
  }
}

// An end is asked for from the start: at most what one look at all the data costs is spent.
TEST_P(MethodContract, ABudgetOfNothingStopsIt) {
  for (const ContractProblem& problem : suitable()) {
    Model model = problem.model();
    Context context(0);
    context.budget = 0;
    const UnlearnReport report = run(model, problem.task(), context);
    EXPECT_TRUE(report.usable()) << problem.name;
    const double once = static_cast<double>(problem.data->size() + kForgotten);
    EXPECT_TRUE(report.status == UnlearnStatus::kStopped || report.sample_gradients <= 3 * once)
        << problem.name << ": " << report.sample_gradients;
  }
}

TEST_P(MethodContract, HasACardATestAndALine) {
  const std::filesystem::path root = OUBLI_SOURCE_DIR;
  EXPECT_TRUE(std::filesystem::exists(root / "methods" / (GetParam() + ".cpp")));
  EXPECT_TRUE(std::filesystem::exists(root / "tests/methods" / (GetParam() + "_test.cpp")));
  const std::string cards = testing::read_text(root / "methods/README.md");
  EXPECT_NE(cards.find("\n## " + GetParam() + "\n"), std::string::npos) << "it has no card";
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
