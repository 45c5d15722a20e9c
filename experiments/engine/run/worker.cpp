#include "experiments/engine/run/worker.h"

#include <signal.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <optional>
#include <string>

#include "core/base/descriptor.h"
#include "core/base/json.h"
#include "experiments/engine/run/run_request.h"
#include "experiments/engine/run/run_stage.h"

namespace oubli {
namespace {

// Where the scheduler is gone, the end of our input follows. What was printed goes first: the
// scheduler takes what it finds printed for the stage's that is at work.
void answer(int descriptor, const Json& message) {
  std::cout.flush();
  std::fflush(nullptr);
  write_all(descriptor, message.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n");
}

// None where the input ends before it is whole.
std::optional<RunRequest> read_request(std::istream& input) {
  std::string line;
  if (!std::getline(input, line)) return std::nullopt;
  std::string bytes(static_cast<std::size_t>(std::strtoull(line.c_str(), nullptr, 10)), '\0');
  if (!input.read(bytes.data(), static_cast<std::streamsize>(bytes.size()))) return std::nullopt;
  return request_from_bytes(bytes);
}

// What the stage at work tells the scheduler, at most ten times a second.
StageHost host_that_answers(int answers, std::int64_t memory) {
  using Clock = std::chrono::steady_clock;
  StageHost host;
  host.memory = memory;
  host.progress = [answers,
                   last = std::make_shared<Clock::time_point>(Clock::now())](double share) {
    if (std::chrono::duration<double>(Clock::now() - *last).count() < 0.1) return;
    *last = Clock::now();
    answer(answers, {{"event", "progress"}, {"share", share}});
  };
  host.on_wait = [answers](const std::string& holder) {
    answer(answers, {{"event", "waiting"}, {"holder", holder}});
  };
  return host;
}

// Works on the stage that the scheduler named, and says how that ended.
class StageWorker {
 public:
  StageWorker(const RunRequest& request, const Registries& registries, int answers)
      : request_(request),
        registries_(registries),
        answers_(answers),
        experiment_(experiment_of(request, registries)),
        plan_(make_plan(experiment_, registries.metrics)),
        store_(request.store) {}

  void work_on(const std::string& key) const {
    try {
      if (!plan_.numbers.contains(key)) {
        throw FileError(ErrorKind::kStore, request_.file,
                        "a file that it names was changed since the run began", 0);
      }
      run_stage(experiment_, plan_, plan_.find(key), registries_, store_,
                host_that_answers(answers_, request_.memory));
      answer(answers_, {{"event", "done"}});
    } catch (const DamagedEntry& error) {
      answer(answers_, {{"event", "damaged"}, {"key", error.key()}, {"message", error.problem()}});
    } catch (const FileError& error) {
      const char* event = error.kind() == ErrorKind::kStore ? "stop" : "failed";
      answer(answers_, {{"event", event}, {"message", error.what()}});
    } catch (const std::exception& error) {
      answer(answers_, {{"event", "failed"}, {"message", message_of(error)}});
    }
  }

 private:
  const RunRequest& request_;
  const Registries& registries_;
  const int answers_;
  const Experiment experiment_;
  const Plan plan_;
  const Store store_;
};

}  // namespace

int work_until_told_to_stop(const Registries& registries, int answers) {
  ::signal(SIGINT, SIG_IGN);  // the scheduler decides what an interrupt means
  try {
    const std::optional<RunRequest> request = read_request(std::cin);
    if (!request) return 2;
    const StageWorker worker(*request, registries, answers);
    for (std::string key; std::getline(std::cin, key);) worker.work_on(key);
  } catch (const std::exception& error) {
    answer(answers, {{"event", "unusable"}, {"message", message_of(error)}});
    return 2;
  }
  return 0;
}

}  // namespace oubli
