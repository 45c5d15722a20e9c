// Every registered method keeps the promises of a method, and has its card, its test and its line.
#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <sstream>
#include <string>

#include "experiments/selftest/method_checks.h"
#include "methods/builtin.h"
#include "tests/support/files.h"
#include "tests/support/kept_promises.h"

namespace oubli {
namespace {

class MethodContract : public ::testing::TestWithParam<std::string> {};

TEST_P(MethodContract, IsKept) {
  const Methods methods = builtin_methods();
  testing::expect_kept(testing::method_checks(), GetParam(),
                       testing::MethodTrial(methods.find(GetParam()), methods));
}

TEST_P(MethodContract, HasACardATestAndALine) {
  const std::filesystem::path root = OUBLI_SOURCE_DIR;
  EXPECT_TRUE(std::filesystem::exists(root / "methods" / (GetParam() + ".cpp")));
  EXPECT_TRUE(std::filesystem::exists(root / "tests/methods" / (GetParam() + "_test.cpp")));
  const std::string cards = testing::read_text(root / "methods/README.md");
  EXPECT_NE(cards.find("\n## " + GetParam() + "\n"), std::string::npos) << "it has no card";
}

// Two cards of one method come to contradict each other.
TEST(MethodCards, HaveOneHeadingEach) {
  std::istringstream cards(
      testing::read_text(std::filesystem::path(OUBLI_SOURCE_DIR) / "methods/README.md"));
  std::map<std::string, int> headings;
  for (std::string line; std::getline(cards, line);) {
    if (line.starts_with("## ")) ++headings[line];
  }
  EXPECT_GT(headings.size(), builtin_methods().names().size());
  for (const auto& [heading, times] : headings) EXPECT_EQ(times, 1) << heading;
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

// The checks can fail: methods that break each promise in turn.
class Breaking : public Unlearner {
 public:
  explicit Breaking(std::function<void(Model&, const Task&, Context&)> act)
      : act_(std::move(act)) {}
  UnlearnReport unlearn(Model& model, const Task& task, Context& context) const override {
    act_(model, task, context);
    return {};
  }

 private:
  std::function<void(Model&, const Task&, Context&)> act_;
};

std::vector<std::string> broken(const std::string& check,
                                const std::function<void(Model&, const Task&, Context&)>& act,
                                bool needs_retain_data = true) {
  MethodInfo info{.name = "breaking",
                  .summary = "breaks a promise",
                  .reference = "a test",
                  .definition = "none",
                  .needs_retain_data = needs_retain_data,
                  .make = [&](const Settings&, const Methods&) -> std::unique_ptr<Unlearner> {
                    return std::make_unique<Breaking>(act);
                  }};
  const Methods methods("method");
  for (const testing::MethodCheck& each : testing::method_checks()) {
    if (each.name == check) {
      return testing::failures_of(each, testing::MethodTrial(info, methods));
    }
  }
  ADD_FAILURE() << "no check " << check;
  return {};
}

TEST(MethodChecks, FindWhatIsBroken) {
  const auto move = [](Model& model, const Task&, Context&) {
    model.add_to_theta(model.theta(), 0.1);
  };
  EXPECT_FALSE(broken("RunsWithItsDefaultsAndCountsItsCost", move).empty());
  EXPECT_FALSE(
      broken("RunsWithItsDefaultsAndCountsItsCost", [](Model& model, const Task&, Context&) {
        model.add_to_theta(model.theta(), std::numeric_limits<double>::infinity());
      }).empty());
  std::uint64_t calls = 0;
  EXPECT_FALSE(broken("TheSameSeedGivesTheSameBits", [&](Model& model, const Task&, Context&) {
                 Generator generator(++calls);
                 model.initialise(generator);
               }).empty());
  EXPECT_FALSE(broken("LeavesTheDataAlone", [](Model&, const Task& task, Context&) {
                 task.train.dataset->inputs.add_(1);
               }).empty());
  EXPECT_FALSE(broken("LeavesTheTaskAlone", [](Model&, const Task& task, Context&) {
                 task.forget.rows.add_(1);
               }).empty());
  EXPECT_FALSE(broken("LeavesTheTaskAlone", [](Model&, const Task& task, Context&) {
                 task.retain.weights.mul_(2);
               }).empty());
  EXPECT_TRUE(broken("LeavesTheTaskAlone", move).empty());
  EXPECT_FALSE(
      broken("RunsWithItsDefaultsAndCountsItsCost", [](Model&, const Task&, Context&) {}).empty());
  EXPECT_FALSE(broken("ABudgetOfNothingStopsIt", [&](Model& model, const Task& task, Context& c) {
                 c.cost.add_gradients(100 * task.train.size());
                 move(model, task, c);
               }).empty());
  EXPECT_FALSE(broken("AddsOrRefusesTo", [](Model&, const Task&, Context&) {
                 throw Error(ErrorKind::kUsage,
                             "it cannot be used at all, whatever is asked of it");
               }).empty());
  EXPECT_FALSE(broken("WithNothingToForgetItIsUsable", move, /*needs_retain_data=*/false).empty());
  EXPECT_TRUE(broken("LeavesTheDataAlone", move).empty());
}

}  // namespace
}  // namespace oubli
