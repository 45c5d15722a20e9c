#include "core/unlearn/unlearner.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <exception>
#include <functional>
#include <string>
#include <vector>

namespace oubli {

namespace {

void add_message(const std::string& message, UnlearnReport& report) {
  report.message += (report.message.empty() ? "" : "; ") + message;
}

bool is_same(const Model& a, const Model& b) {
  const auto same = [](const Tensor& x, const Tensor& y) { return x.equal(y); };
  return a.theta().equal(b.theta()) &&
         std::equal(a.buffers().begin(), a.buffers().end(), b.buffers().begin(), same);
}

// While it lives, the context's warnings are added to a list.
class WarningsInto {
 public:
  WarningsInto(Context& context, std::vector<std::string>& list)
      : context_(context), before_(context.warn) {
    context.warn = [&list](const std::string& warning) { list.push_back(warning); };
  }
  ~WarningsInto() { context_.warn = before_; }
  WarningsInto(const WarningsInto&) = delete;
  WarningsInto& operator=(const WarningsInto&) = delete;

 private:
  Context& context_;
  std::function<void(const std::string&)> before_;
};

// What a method from outside throws is its own affair, and no error of oubli's.
UnlearnReport run_guarded(const MethodInfo& info, const Unlearner& unlearner, Model& model,
                          const Task& task, Context& context) {
  try {
    return unlearner.unlearn(model, task, context);
  } catch (const Error&) {
    throw;
  } catch (const std::exception& error) {
    if (info.file_hash.empty()) throw;
    throw Error(ErrorKind::kNumerics, fmt::format("'{}' failed: {}", info.name, error.what()));
  }
}

}  // namespace

UnlearnReport run_unlearner(const MethodInfo& info, const Unlearner& unlearner, Model& model,
                            const Task& task, Context& context) {
  if (!task.added.empty() && !info.supports_adding) {
    throw Error(ErrorKind::kTask,
                fmt::format("'{}' cannot add data: it removes only. Leave it out of an experiment "
                            "whose edit adds points.",
                            info.name));
  }
  const bool are_sequences = task.retain.dataset->is_sequence();
  if (!(are_sequences ? info.takes_sequences : info.takes_labels)) {
    throw Error(ErrorKind::kTask,
                fmt::format("'{}' is for {}", info.name,
                            are_sequences ? "examples with one label each, and these are sequences "
                                            "of tokens"
                                          : "sequences of tokens, and these examples have one "
                                            "label each"));
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
  // What training wrote down is handed to a method as model and data are: reading it takes no time
  // of the method's.
  std::chrono::steady_clock::duration reading{};
  if (task.record) {
    visible.record = [&reading, &task] {
      const auto begin = std::chrono::steady_clock::now();
      MethodStatePtr record = task.record();
      reading += std::chrono::steady_clock::now() - begin;
      return record;
    };
  }
  const Model original = model.clone();
  std::vector<std::string> warnings;
  const WarningsInto collects(context, warnings);
  const double cost_before = context.cost.sample_gradients();
  const auto start = std::chrono::steady_clock::now();
  UnlearnReport report = run_guarded(info, unlearner, model, visible, context);
  report.warnings.insert(report.warnings.end(), warnings.begin(), warnings.end());
  const auto taken = std::chrono::steady_clock::now() - start - reading;
  report.seconds = std::chrono::duration<double>(taken).count();
  report.sample_gradients = context.cost.sample_gradients() - cost_before;
  if (report.usable() && !at::isfinite(model.theta()).all().item<bool>()) {
    report.status = UnlearnStatus::kDiverged;
    add_message("parameters are not finite", report);
  }
  if (report.sample_gradients == 0 && !model.theta().equal(original.theta())) {
    report.warnings.emplace_back("parameters moved, and no cost was counted");
  }
  const bool has_ended =
      report.status == UnlearnStatus::kCompleted || report.status == UnlearnStatus::kPartial;
  if (has_ended && is_same(model, original)) {
    report.status = UnlearnStatus::kUnchanged;
    add_message("nothing changed: the parameters are the original's", report);
  }
  return report;
}

}  // namespace oubli
