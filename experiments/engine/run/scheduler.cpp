#include "experiments/engine/run/scheduler.h"

#include <fmt/format.h>
#include <poll.h>

#include <algorithm>
#include <memory>
#include <set>

#include "experiments/engine/run/dependencies.h"
#include "experiments/engine/run/interrupts.h"
#include "experiments/engine/run/missing_stages.h"
#include "experiments/engine/run/worker_process.h"

namespace oubli {
namespace {

constexpr std::size_t kIdle = static_cast<std::size_t>(-1);
constexpr int kTriesAfterCrash = 2;

// `failed`: by an earlier round.
std::vector<StageState> states_of(const Plan& plan, const std::vector<std::size_t>& missing,
                                  const std::map<std::size_t, std::string>& failed) {
  std::vector<StageState> states(plan.stages.size(), StageState::kDone);
  for (const std::size_t stage : missing) states[stage] = StageState::kWaiting;
  for (const auto& [stage, reason] : failed) states[stage] = StageState::kFailed;
  return states;
}

class Scheduler {
 public:
  Scheduler(const Plan& plan, const Store& store, const RunRequest& request,
            const std::vector<std::size_t>& missing, RunListener& listener, RunOutcome& outcome)
      : plan_(plan),
        store_(store),
        request_(request),
        listener_(listener),
        outcome_(outcome),
        states_(states_of(plan, missing, outcome.failed)),
        dependencies_(plan, states_),
        crashes_(plan.stages.size(), 0) {
    const std::map<std::size_t, std::string> failed_before = outcome.failed;
    for (const auto& [stage, reason] : failed_before) fail_users(stage, reason);
    for (const std::size_t stage : missing) {
      if (dependencies_.is_ready(stage)) make_ready(stage);
    }
  }

  void run(std::size_t jobs) {
    slots_.resize(jobs);
    while (!is_interrupted() && outcome_.stopped.empty()) {
      for (std::size_t slot = 0; slot < jobs; ++slot) assign(slot);
      std::vector<pollfd> descriptors;
      std::vector<std::size_t> owners;
      for (std::size_t slot = 0; slot < jobs; ++slot) {
        if (slots_[slot].stage == kIdle) continue;
        descriptors.push_back({slots_[slot].process->answers(), POLLIN, 0});
        owners.push_back(slot);
      }
      if (descriptors.empty()) return;
      if (::poll(descriptors.data(), descriptors.size(), 1000) <= 0) continue;
      for (std::size_t i = 0; i < descriptors.size(); ++i) {
        if (descriptors[i].revents != 0) listen(owners[i]);
      }
    }
    outcome_.interrupted = is_interrupted();
  }

 private:
  struct Slot {
    std::unique_ptr<WorkerProcess> process;
    std::size_t stage = kIdle;
  };

  void make_ready(std::size_t stage) {
    states_[stage] = StageState::kReady;
    ready_.insert(stage);
  }

  // Gives the slot the first stage, in the plan's order, whose inputs are all there.
  void assign(std::size_t slot) {
    if (slots_[slot].stage != kIdle || ready_.empty()) return;
    if (!slots_[slot].process) slots_[slot].process = std::make_unique<WorkerProcess>(request_);
    const std::size_t stage = *ready_.begin();
    ready_.erase(ready_.begin());
    states_[stage] = StageState::kRunning;
    slots_[slot].stage = stage;
    slots_[slot].process->send(plan_.stages[stage].key);
    listener_.started(slot, plan_.stages[stage].label, plan_.stages[stage].cost);
  }

  void listen(std::size_t slot) {
    std::vector<std::string> lines;
    const bool alive = slots_[slot].process->receive(lines);
    for (const std::string& line : lines) {
      const Json message = Json::parse(line, nullptr, /*allow_exceptions=*/false);
      const std::string event = message.is_object() ? message.value("event", "") : "";
      if (event == "progress") {
        listener_.progressed(slot, message.at("share"));
      } else if (event == "done") {
        finish(slot);
      } else if (event == "waiting") {
        listener_.note(fmt::format("{}: waiting for {}, which is doing it",
                                   plan_.stages[slots_[slot].stage].label,
                                   message.value("holder", "")));
      } else if (event == "damaged") {
        set_aside(slot, message.value("key", ""), message.value("message", ""));
      } else if (event == "stop" || event == "unusable") {
        outcome_.stopped = message.value("message", "");
        return;
      } else if (event == "failed") {
        const std::size_t stage = slots_[slot].stage;
        pass_on_what_was_printed(slot);
        slots_[slot].stage = kIdle;
        fail(stage, message.value("message", "no reason given"));
      }
    }
    if (!alive && slots_[slot].stage != kIdle) crashed(slot);
  }

  // A stage whose input is damaged waits for the next round, and so does what waits for it.
  void set_aside(std::size_t slot, const std::string& key, const std::string& problem) {
    const auto input = plan_.numbers.find(key);
    if (input != plan_.numbers.end()) {
      listener_.note(damage_text(plan_.stages[input->second], problem));
      // Sound as it stands, and yet without what a reader needs.
      const bool is_sound = store_.check(key, /*thorough=*/true).state == Store::State::kSound;
      if (is_sound && key != plan_.stages[slots_[slot].stage].key) store_.discard(key);
    }
    pass_on_what_was_printed(slot);
    states_[slots_[slot].stage] = StageState::kWaiting;
    slots_[slot].stage = kIdle;
  }

  // What the stage's own code printed while it ran.
  void pass_on_what_was_printed(std::size_t slot) {
    for (const std::string& line : slots_[slot].process->printed()) {
      listener_.printed(plan_.stages[slots_[slot].stage].label, line);
    }
  }

  void finish(std::size_t slot) {
    const std::size_t stage = slots_[slot].stage;
    pass_on_what_was_printed(slot);
    states_[stage] = StageState::kDone;
    slots_[slot].stage = kIdle;
    listener_.finished(slot, plan_.stages[stage].cost);
    for (const std::size_t next : dependencies_.finish(stage)) {
      if (states_[next] == StageState::kWaiting) make_ready(next);
    }
  }

  void crashed(std::size_t slot) {
    const std::size_t stage = slots_[slot].stage;
    pass_on_what_was_printed(slot);
    const std::string how = slots_[slot].process->wait();
    slots_[slot].process.reset();
    slots_[slot].stage = kIdle;
    if (++crashes_[stage] < kTriesAfterCrash) {
      listener_.note(fmt::format("{}: {}; trying once more", plan_.stages[stage].label, how));
      make_ready(stage);
    } else {
      fail(stage, how);
    }
  }

  void fail(std::size_t stage, const std::string& reason) {
    states_[stage] = StageState::kFailed;
    outcome_.failed[stage] = reason;
    listener_.failed(plan_.stages[stage].label, reason);
    fail_users(stage, reason);
  }

  // All that waits for a stage that will not be there.
  void fail_users(std::size_t stage, const std::string& reason) {
    std::vector<std::size_t> reached = {stage};
    while (!reached.empty()) {
      const std::size_t from = reached.back();
      reached.pop_back();
      for (const std::size_t user : dependencies_.users(from)) {
        if (states_[user] != StageState::kWaiting) continue;
        states_[user] = StageState::kFailed;
        outcome_.failed[user] = reason;
        reached.push_back(user);
      }
    }
  }

  const Plan& plan_;
  const Store& store_;
  const RunRequest& request_;
  RunListener& listener_;
  RunOutcome& outcome_;
  std::vector<StageState> states_;
  Dependencies dependencies_;
  std::set<std::size_t> ready_;
  std::vector<int> crashes_;
  std::vector<Slot> slots_;
};

}  // namespace

RunOutcome run_plan(const Plan& plan, const Store& store, const RunRequest& request,
                    std::size_t jobs, RunListener& listener) {
  // What is damaged as often as this is not going to last.
  constexpr int kMostRounds = 6;
  RunOutcome outcome;
  const InterruptGuard guard;
  for (int round = 0; round <= kMostRounds; ++round) {
    std::vector<std::string> damaged;
    std::vector<std::size_t> missing = missing_stages(plan, store, damaged);
    outcome.interrupted = is_interrupted();
    if (outcome.interrupted) break;
    std::erase_if(missing, [&](std::size_t stage) { return outcome.failed.contains(stage); });
    if (round == 0) outcome.cached = plan.stages.size() - missing.size();
    if (missing.empty()) break;
    if (round == kMostRounds) {
      for (const std::size_t stage : missing) {
        outcome.failed[stage] = "entries of the store that it needs are damaged again and again";
      }
      break;
    }
    double cost = 0;
    for (const std::size_t stage : missing) cost += plan.stages[stage].cost;
    const std::size_t cached = plan.stages.size() - missing.size();
    listener.begin(plan.stages.size(), cached, cost);
    for (const std::string& line : damaged) listener.note(line);
    Scheduler(plan, store, request, missing, listener, outcome).run(std::min(jobs, missing.size()));
    listener.end();
    if (outcome.interrupted || !outcome.stopped.empty()) break;
  }
  return outcome;
}

}  // namespace oubli
