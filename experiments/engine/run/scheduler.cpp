#include "experiments/engine/run/scheduler.h"

#include <fmt/format.h>
#include <poll.h>
#include <signal.h>

#include <csignal>
#include <memory>
#include <set>

#include "experiments/engine/run/display.h"
#include "experiments/engine/run/stage_outputs.h"

namespace oubli {
namespace {

volatile std::sig_atomic_t interrupted = 0;
void on_interrupt(int) { interrupted = 1; }

// Puts handlers in place for as long as it lives.
class InterruptGuard {
 public:
  InterruptGuard() {
    interrupted = 0;
    struct sigaction action {};
    action.sa_handler = on_interrupt;  // without SA_RESTART, so that poll returns
    ::sigaction(SIGINT, &action, &old_interrupt_);
    ::sigaction(SIGTERM, &action, &old_terminate_);
    action.sa_handler = SIG_IGN;
    ::sigaction(SIGPIPE, &action, &old_pipe_);  // a dead worker is seen as the end of its stream
  }
  ~InterruptGuard() {
    ::sigaction(SIGINT, &old_interrupt_, nullptr);
    ::sigaction(SIGTERM, &old_terminate_, nullptr);
    ::sigaction(SIGPIPE, &old_pipe_, nullptr);
  }

 private:
  struct sigaction old_interrupt_ {
  }, old_terminate_{}, old_pipe_{};
};

enum class StageState { kWaiting, kReady, kRunning, kDone, kFailed };
constexpr std::size_t kIdle = static_cast<std::size_t>(-1);
constexpr int kTriesAfterCrash = 2;

// Which stages wait for which: a group of members is waited for as a whole, so that this is as
// large as the plan and not as its square.
class Dependencies {
 public:
  explicit Dependencies(const Plan& plan, const std::vector<StageState>& states)
      : waits_(plan.stages.size(), 0), users_(plan.stages.size()), groups_of_(plan.stages.size()) {
    for (std::size_t stage = 0; stage < plan.stages.size(); ++stage) {
      if (states[stage] == StageState::kDone) continue;
      for (const std::size_t input : plan.stages[stage].inputs) {
        if (states[input] == StageState::kDone) continue;
        users_[input].push_back(stage);
        ++waits_[stage];
      }
      for (const auto& [role, members] : plan.stages[stage].members) {
        const std::size_t number = group_of(members.group, states);
        if (groups_[number].waits == 0) continue;
        groups_[number].users.push_back(stage);
        ++waits_[stage];
      }
    }
  }

  bool is_ready(std::size_t stage) const { return waits_[stage] == 0; }

  // Stages that become ready once this one is done.
  std::vector<std::size_t> finish(std::size_t stage) {
    std::vector<std::size_t> ready;
    const auto release = [&](const std::vector<std::size_t>& users) {
      for (const std::size_t user : users) {
        if (--waits_[user] == 0) ready.push_back(user);
      }
    };
    release(users_[stage]);
    for (const std::size_t group : groups_of_[stage]) {
      if (--groups_[group].waits == 0) release(groups_[group].users);
    }
    return ready;
  }

  // Stages that wait for this one, themselves or through a group.
  std::vector<std::size_t> users(std::size_t stage) const {
    std::vector<std::size_t> all = users_[stage];
    for (const std::size_t group : groups_of_[stage]) {
      all.insert(all.end(), groups_[group].users.begin(), groups_[group].users.end());
    }
    return all;
  }

 private:
  struct Group {
    std::size_t waits = 0;
    std::vector<std::size_t> users;
  };

  std::size_t group_of(const std::shared_ptr<const MemberGroup>& members,
                       const std::vector<StageState>& states) {
    const auto [found, is_new] = numbers_.emplace(members.get(), groups_.size());
    if (!is_new) return found->second;
    Group group;
    for (const StageMember& member : members->members) {
      for (const std::size_t input : member.stages()) {
        if (states[input] == StageState::kDone) continue;
        groups_of_[input].push_back(found->second);
        ++group.waits;
      }
    }
    groups_.push_back(std::move(group));
    return found->second;
  }

  std::vector<std::size_t> waits_;
  std::vector<std::vector<std::size_t>> users_, groups_of_;
  std::vector<Group> groups_;
  std::map<const MemberGroup*, std::size_t> numbers_;
};

std::string damage_text(const Stage& stage, const std::string& problem) {
  return fmt::format("damaged in the store: {} ({}): {}; it is done again", stage.label,
                     stage.key.substr(0, 12), problem);
}

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
            const std::vector<std::size_t>& missing, Display& display, RunOutcome& outcome)
      : plan_(plan),
        store_(store),
        request_(request),
        display_(display),
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
    while (!interrupted && outcome_.stopped.empty()) {
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
    outcome_.interrupted = interrupted != 0;
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
    display_.started(slot, plan_.stages[stage].label);
  }

  void listen(std::size_t slot) {
    std::vector<std::string> lines;
    const bool alive = slots_[slot].process->receive(lines);
    for (const std::string& line : lines) {
      const Json message = Json::parse(line, nullptr, /*allow_exceptions=*/false);
      const std::string event = message.is_object() ? message.value("event", "") : "";
      if (event == "progress") {
        display_.progressed(slot, message.at("share"));
      } else if (event == "done") {
        finish(slot);
      } else if (event == "waiting") {
        display_.note(fmt::format("{}: waiting for {}, which is doing it",
                                  plan_.stages[slots_[slot].stage].label,
                                  message.value("holder", "")));
      } else if (event == "damaged") {
        set_aside(slot, message.value("key", ""), message.value("message", ""));
      } else if (event == "stop" || event == "unusable") {
        outcome_.stopped = message.value("message", "");
        return;
      } else if (event == "failed") {
        const std::size_t stage = slots_[slot].stage;
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
      display_.note(damage_text(plan_.stages[input->second], problem));
      // Sound as it stands, and yet without what a reader needs.
      const bool is_sound = store_.check(key, /*thorough=*/true).state == Store::State::kSound;
      if (is_sound && key != plan_.stages[slots_[slot].stage].key) store_.discard(key);
    }
    states_[slots_[slot].stage] = StageState::kWaiting;
    slots_[slot].stage = kIdle;
  }

  void finish(std::size_t slot) {
    const std::size_t stage = slots_[slot].stage;
    states_[stage] = StageState::kDone;
    slots_[slot].stage = kIdle;
    ++outcome_.done;
    display_.finished(slot, plan_.stages[stage].cost);
    for (const std::size_t next : dependencies_.finish(stage)) {
      if (states_[next] == StageState::kWaiting) make_ready(next);
    }
  }

  void crashed(std::size_t slot) {
    const std::size_t stage = slots_[slot].stage;
    const std::string how = slots_[slot].process->wait();
    slots_[slot].process.reset();
    slots_[slot].stage = kIdle;
    if (++crashes_[stage] < kTriesAfterCrash) {
      display_.note(fmt::format("{}: {}; trying once more", plan_.stages[stage].label, how));
      make_ready(stage);
    } else {
      fail(stage, how);
    }
  }

  void fail(std::size_t stage, const std::string& reason) {
    states_[stage] = StageState::kFailed;
    outcome_.failed[stage] = reason;
    display_.failed(plan_.stages[stage].label, reason);
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
  Display& display_;
  RunOutcome& outcome_;
  std::vector<StageState> states_;
  Dependencies dependencies_;
  std::set<std::size_t> ready_;
  std::vector<int> crashes_;
  std::vector<Slot> slots_;
};

// Which entries were made from other content than there is now, themselves or what they were made
// from. A stage stands behind its inputs.
std::vector<bool> outdated_stages(const Plan& plan, const Store& store, InputContents& contents) {
  std::vector<bool> outdated(plan.stages.size(), false);
  std::map<const MemberGroup*, bool> groups;
  const auto is_outdated = [&](const MemberGroup& group) {
    const auto [found, is_new] = groups.emplace(&group, false);
    if (is_new) {
      for (const StageMember& member : group.members) {
        for (const std::size_t stage : member.stages()) found->second |= outdated[stage];
      }
    }
    return found->second;
  };
  for (std::size_t i = 0; i < plan.stages.size() && !interrupted; ++i) {
    const Stage& stage = plan.stages[i];
    bool is_old = !store.is_made_from(stage.key, contents.of(stage));
    for (const std::size_t input : stage.inputs) is_old = is_old || outdated[input];
    for (const auto& [role, members] : stage.members) {
      is_old = is_old || is_outdated(*members.group);
    }
    outdated[i] = is_old;
  }
  return outdated;
}

}  // namespace

std::vector<std::size_t> missing_stages(const Plan& plan, const Store& store,
                                        std::vector<std::string>& damaged) {
  store.look_again();
  InputContents contents(plan, store);
  std::vector<bool> needed(plan.stages.size(), false);
  std::vector<bool> missing(plan.stages.size(), false);
  std::set<const MemberGroup*> looked_at;
  const auto need_members = [&](const Stage& stage, bool of_partial_groups) {
    for (const auto& [role, members] : stage.members) {
      if (of_partial_groups && !contents.is_partial(*members.group)) continue;
      if (!looked_at.insert(members.group.get()).second) continue;
      for (const StageMember& member : members.group->members) {
        for (const std::size_t input : member.stages()) needed[input] = true;
      }
    }
  };
  const std::vector<bool> outdated = outdated_stages(plan, store, contents);
  for (const PlannedRow& row : plan.rows) {
    for (const PlannedModel& model : row.models) needed[model.evaluate] = true;
    if (row.compare) needed[*row.compare] = true;
  }
  // Backwards: a stage's users stand after it, so whether it is needed is known when it is reached.
  for (std::size_t i = plan.stages.size(); i-- > 0;) {
    if (!needed[i] || interrupted) continue;
    Store::Check check =
        store.check(plan.stages[i].key, /*thorough=*/true, contents.of(plan.stages[i]));
    if (check.state == Store::State::kSound && outdated[i]) {
      check = {Store::State::kDamaged, "it was made from what was made from another version"};
      store.discard(plan.stages[i].key);
    }
    if (check.state == Store::State::kSound) {
      // What was made from a group of which a member is gone cannot be compared with it: the member
      // is made again, and the group is compared in the next round.
      need_members(plan.stages[i], /*of_partial_groups=*/true);
      continue;
    }
    if (check.state == Store::State::kDamaged) {
      damaged.push_back(damage_text(plan.stages[i], check.problem));
    }
    missing[i] = true;
    for (const std::size_t input : plan.stages[i].inputs) needed[input] = true;
    need_members(plan.stages[i], /*of_partial_groups=*/false);
  }
  std::vector<std::size_t> stages;
  for (std::size_t i = 0; i < missing.size(); ++i) {
    if (missing[i]) stages.push_back(i);
  }
  return stages;
}

RunOutcome run_plan(const Plan& plan, const Store& store, const RunRequest& request,
                    std::size_t jobs, std::FILE* progress_out) {
  // What is damaged as often as this is not going to last.
  constexpr int kMostRounds = 6;
  RunOutcome outcome;
  const InterruptGuard guard;
  for (int round = 0; round <= kMostRounds; ++round) {
    std::vector<std::string> damaged;
    std::vector<std::size_t> missing = missing_stages(plan, store, damaged);
    outcome.interrupted = interrupted != 0;
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
    Display display(progress_out, plan.stages.size(), cached, cost);
    for (const std::string& line : damaged) display.note(line);
    Scheduler(plan, store, request, missing, display, outcome).run(std::min(jobs, missing.size()));
    if (outcome.interrupted || !outcome.stopped.empty()) break;
  }
  return outcome;
}

}  // namespace oubli
