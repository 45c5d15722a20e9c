#include "core/unlearn/removal_account.h"

#include <ATen/ATen.h>

#include <utility>

namespace oubli {
namespace {

// The account's own tensors; a training inside has its record's beside them.
constexpr const char* kRemoved = "removed";
constexpr const char* kLooked = "looked_weights";
constexpr const char* kFarthest = "looked_farthest";

bool is_own(const std::string& name) {
  return name == kRemoved || name == kLooked || name == kFarthest;
}

}  // namespace

MethodStatePtr start_of(const Task& task) {
  if (task.state && task.state->values.at("retrainings").get<double>() > 0) return task.state;
  return task.record ? task.record() : nullptr;
}

RemovalAccount RemovalAccount::before(const Task& task, MethodStatePtr start) {
  RemovalAccount account;
  account.start = std::move(start);
  account.training = NewtonRecord::read(*account.start);
  if (!task.state) {
    account.spent = 2 * account.left_by_training(task.train.size());
    account.removed = task.forget.rows;
    account.last = look_of_training(account.training);
    return account;
  }
  const Json& values = task.state->values;
  account.spent = values.at("spent").get<double>();
  account.requests = values.at("requests").get<double>();
  account.retrainings = values.at("retrainings").get<double>();
  account.removed = at::cat({task.state->tensor(kRemoved), task.forget.rows});
  account.last = {task.state->tensor(kLooked), task.state->tensor(kFarthest), {}};
  return account;
}

MethodStatePtr RemovalAccount::state() const {
  MethodState state;
  if (retrainings > 0) {
    state.values = start->values;
    for (const auto& [name, tensor] : start->tensors) {
      if (!is_own(name)) state.tensors.emplace_back(name, tensor);
    }
  }
  state.values["spent"] = spent;
  state.values["requests"] = requests;
  state.values["retrainings"] = retrainings;
  state.tensors.emplace_back(kRemoved, removed);
  if (last.weights.defined()) {
    state.tensors.emplace_back(kLooked, last.weights);
    state.tensors.emplace_back(kFarthest, last.farthest);
  }
  return std::make_shared<MethodState>(std::move(state));
}

void RemovalAccount::train_anew(MethodStatePtr record, std::int64_t examples) {
  start = std::move(record);
  training = NewtonRecord::read(*start);
  last = look_of_training(training);
  removed = at::empty({0}, at::kLong);
  spent = 2 * left_by_training(examples);
  ++retrainings;
}

double RemovalAccount::left_by_training(std::int64_t examples) const {
  return static_cast<double>(examples) * start->values.at("gradient_norm").get<double>();
}

}  // namespace oubli
