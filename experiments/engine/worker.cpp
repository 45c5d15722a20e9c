#include "experiments/engine/worker.h"

#include <ATen/Parallel.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <spawn.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <iostream>

#include "experiments/engine/stages.h"

extern char** environ;  // NOLINT: POSIX names it

namespace oubli {
namespace {

void answer(int descriptor, const Json& message) {
  const std::string line = message.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
  std::size_t done = 0;
  while (done < line.size()) {
    const ssize_t count = ::write(descriptor, line.data() + done, line.size() - done);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return;  // the scheduler is gone; the end of our input follows
    done += static_cast<std::size_t>(count);
  }
}

// LibTorch's own messages carry a stack trace after the first line.
std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

}  // namespace

int work_until_told_to_stop(const RunRequest& request, const Registries& registries, int answers) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  ::signal(SIGINT, SIG_IGN);  // the scheduler decides what an interrupt means
  try {
    Spec spec = load_spec(request.file, request.overrides, registries);
    at::set_num_threads(static_cast<int>(spec.threads));
    const Experiment experiment =
        prepare_experiment(std::move(spec), default_data_folders(request.data));
    const Plan plan = make_plan(experiment, registries.metrics);
    const Store store(request.store);
    std::string key;
    while (std::getline(std::cin, key)) {
      using Clock = std::chrono::steady_clock;
      Clock::time_point last = Clock::now();
      const auto progress = [&](double share) {
        if (std::chrono::duration<double>(Clock::now() - last).count() < 0.1) return;
        last = Clock::now();
        answer(answers, {{"event", "progress"}, {"share", share}});
      };
      try {
        run_stage(experiment, plan, plan.find(key), registries, store,
                  {.progress = progress, .memory = request.memory});
        answer(answers, {{"event", "done"}});
      } catch (const Error& error) {
        answer(answers, {{"event", "failed"}, {"message", error.what()}});
      } catch (const std::exception& error) {
        answer(answers, {{"event", "failed"}, {"message", first_line(error.what())}});
      }
    }
  } catch (const std::exception& error) {
    answer(answers, {{"event", "unusable"}, {"message", first_line(error.what())}});
    return 2;
  }
  return 0;
}

WorkerProcess::WorkerProcess(const RunRequest& request) {
  int down[2], up[2];
  if (::pipe2(down, O_CLOEXEC) != 0 || ::pipe2(up, O_CLOEXEC) != 0) {
    throw Error(ErrorKind::kStore, fmt::format("no pipe to a worker: {}.", std::strerror(errno)));
  }
  std::vector<std::string> arguments = {
      "oubli",      "worker",      request.file.string(),
      "--store",    request.store, "--data",
      request.data, "--memory",    fmt::format("{}", request.memory)};
  for (const std::string& assignment : request.overrides) {
    arguments.push_back("--set");
    arguments.push_back(assignment);
  }
  std::vector<char*> pointers;
  pointers.reserve(arguments.size() + 1);
  for (std::string& argument : arguments) pointers.push_back(argument.data());
  pointers.push_back(nullptr);
  const std::string log = (std::filesystem::path(request.store) / "worker.log").string();
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, down[0], STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, up[1], STDOUT_FILENO);
  posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, log.c_str(),
                                   O_WRONLY | O_CREAT | O_APPEND, 0666);
  const int error =
      ::posix_spawn(&process_, "/proc/self/exe", &actions, nullptr, pointers.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  ::close(down[0]);
  ::close(up[1]);
  to_ = down[1];
  from_ = up[0];
  if (error != 0) {
    process_ = -1;
    throw Error(ErrorKind::kStore,
                fmt::format("no worker could be started: {}.", std::strerror(error)));
  }
}

WorkerProcess::~WorkerProcess() {
  if (to_ >= 0) ::close(to_);
  if (from_ >= 0) ::close(from_);
  if (process_ > 0) {
    ::kill(process_, SIGKILL);
    ::waitpid(process_, nullptr, 0);
  }
}

bool WorkerProcess::send(const std::string& key) {
  const std::string line = key + "\n";
  return ::write(to_, line.data(), line.size()) == static_cast<ssize_t>(line.size());
}

bool WorkerProcess::receive(std::vector<std::string>& lines) {
  char chunk[4096];
  const ssize_t count = ::read(from_, chunk, sizeof chunk);
  if (count < 0) return errno == EINTR || errno == EAGAIN;
  if (count == 0) return false;
  buffer_.append(chunk, static_cast<std::size_t>(count));
  std::size_t end;
  while ((end = buffer_.find('\n')) != std::string::npos) {
    lines.push_back(buffer_.substr(0, end));
    buffer_.erase(0, end + 1);
  }
  return true;
}

std::string WorkerProcess::wait() {
  int status = 0;
  if (process_ > 0) ::waitpid(process_, &status, 0);
  process_ = -1;
  if (WIFSIGNALED(status)) {
    const int number = WTERMSIG(status);
    return fmt::format("its process was ended by signal {} ({}){}", number, ::strsignal(number),
                       number == SIGKILL ? "; was memory short?" : "");
  }
  return fmt::format("its process ended with status {}", WEXITSTATUS(status));
}

}  // namespace oubli
