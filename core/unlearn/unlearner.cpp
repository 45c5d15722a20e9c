#include "core/unlearn/unlearner.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <chrono>

namespace oubli {

std::string to_string(UnlearnStatus status) {
  switch (status) {
    case UnlearnStatus::kCompleted:
      return "completed";
    case UnlearnStatus::kPartial:
      return "partial";
    case UnlearnStatus::kDiverged:
      return "diverged";
    case UnlearnStatus::kStopped:
      return "stopped";
  }
  return "";
}

Json UnlearnReport::to_json() const {
  return {{"status", to_string(status)},
          {"message", message},
          {"sample_gradients", sample_gradients},
          {"seconds", seconds},
          {"details", details}};
}

UnlearnReport run_unlearner(const MethodInfo& info, const Unlearner& unlearner, Model& model,
                            const Task& task, Context& context) {
  if (!task.added.empty() && !info.supports_adding) {
    throw Error(ErrorKind::kTask,
                fmt::format("'{}' cannot add data: it removes only. Leave it out of an experiment "
                            "whose edit adds points.",
                            info.name));
  }
  Task visible = task;
  if (!info.needs_retain_data) {
    visible.retain = task.retain.with_rows(at::empty({0}, at::kLong));
    visible.train = visible.retain;
  }
  if (!info.needs_forget_data) {
    visible.forget = task.forget.with_rows(at::empty({0}, at::kLong));
    visible.train = visible.retain;
  }
  const double cost_before = context.cost.sample_gradients();
  const auto start = std::chrono::steady_clock::now();
  UnlearnReport report = unlearner.unlearn(model, visible, context);
  report.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  report.sample_gradients = context.cost.sample_gradients() - cost_before;
  if (report.usable() && !at::isfinite(model.theta()).all().item<bool>()) {
    report.status = UnlearnStatus::kDiverged;
    report.message += report.message.empty() ? "" : "; ";
    report.message += "parameters are not finite";
  }
  return report;
}

}  // namespace oubli
