#include "core/unlearn/unlearner.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <limits>

#include "experiments/selftest/problems.h"

namespace oubli {
namespace {

class Probe : public Unlearner {
 public:
  explicit Probe(const Settings&) {}
  UnlearnReport unlearn(Model& model, const Task& task, Context& context) const override {
    seen_retain = task.retain.size();
    seen_forget = task.forget.size();
    context.cost.add_gradients(7);
    if (break_it)
      model.set_theta(at::full({model.dim()}, std::numeric_limits<double>::quiet_NaN()));
    return {};
  }
  mutable std::int64_t seen_retain = -1, seen_forget = -1;
  bool break_it = false;
};

MethodInfo probe_info(bool needs_retain_data, bool needs_forget_data) {
  MethodInfo info;
  info.name = "probe";
  info.needs_retain_data = needs_retain_data;
  info.needs_forget_data = needs_forget_data;
  return info;
}

struct Fixture {
  std::shared_ptr<const Dataset> data = testing::make_dataset(30, 4, 3);
  Model model = testing::make_model("logistic", "{}", *data);
  Task task = testing::removal_task(data, 5, 0.1);
  Context context{0};
  Probe probe{Settings()};
};

TEST(RunUnlearner, HidesDataThatTheMethodSaysItDoesNotNeed) {
  Fixture s;
  run_unlearner(probe_info(false, true), s.probe, s.model, s.task, s.context);
  EXPECT_EQ(s.probe.seen_retain, 0);
  EXPECT_EQ(s.probe.seen_forget, 5);
  run_unlearner(probe_info(true, false), s.probe, s.model, s.task, s.context);
  EXPECT_EQ(s.probe.seen_retain, 25);
  EXPECT_EQ(s.probe.seen_forget, 0);
}

TEST(RunUnlearner, RefusesToAddWithAMethodThatCannot) {
  Fixture s;
  s.task.added = s.task.forget;
  try {
    run_unlearner(probe_info(true, true), s.probe, s.model, s.task, s.context);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kTask);
    EXPECT_NE(std::string(error.what()).find("cannot add"), std::string::npos);
  }
}

TEST(RunUnlearner, MeasuresCost) {
  Fixture s;
  s.context.cost.add_gradients(100);
  const UnlearnReport report =
      run_unlearner(probe_info(true, true), s.probe, s.model, s.task, s.context);
  EXPECT_EQ(report.sample_gradients, 7);
  EXPECT_GE(report.seconds, 0);
}

TEST(RunUnlearner, SaysThatNothingChanged) {
  Fixture s;
  const UnlearnReport report =
      run_unlearner(probe_info(true, true), s.probe, s.model, s.task, s.context);
  EXPECT_EQ(report.status, UnlearnStatus::kUnchanged);
  EXPECT_EQ(report.message, "nothing changed: the parameters are the original's");
}

TEST(RunUnlearner, NonFiniteParametersAreADivergence) {
  Fixture s;
  s.probe.break_it = true;
  const UnlearnReport report =
      run_unlearner(probe_info(true, true), s.probe, s.model, s.task, s.context);
  EXPECT_EQ(report.status, UnlearnStatus::kDiverged);
  EXPECT_FALSE(report.usable());
}

}  // namespace
}  // namespace oubli
