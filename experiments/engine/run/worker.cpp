#include "experiments/engine/run/worker.h"

#include <ATen/Parallel.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <iostream>

#include "core/base/settings_file.h"
#include "core/base/text.h"
#include "experiments/engine/run/stages.h"

extern char** environ;  // NOLINT: POSIX names it

namespace oubli {
namespace {

// Where the scheduler is gone, the end of our input follows.
void answer(int descriptor, const Json& message) {
  write_all(descriptor, message.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n");
}

// The system may refuse what a process needs to live.
[[noreturn]] void fail_to_start(int reason) {
  throw Error(ErrorKind::kStore,
              fmt::format("no worker could be started: {}. Finished stages are kept; try fewer "
                          "--jobs.",
                          std::strerror(reason)));
}

struct Pipe {
  Descriptor to_read, to_write;
};

Pipe open_pipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) fail_to_start(errno);
  return {Descriptor(ends[0]), Descriptor(ends[1])};
}

// The end of what a process wrote to its standard error, on one line.
std::string last_words(int descriptor) {
  constexpr off_t kMost = 400;
  const off_t size = ::lseek(descriptor, 0, SEEK_END);
  if (size <= 0) return "";
  std::string text(static_cast<std::size_t>(std::min(size, kMost)), '\0');
  const ssize_t count =
      ::pread(descriptor, text.data(), text.size(), std::max<off_t>(0, size - kMost));
  text.resize(static_cast<std::size_t>(std::max<ssize_t>(0, count)));
  text.erase(text.find_last_not_of(" \n") + 1);
  const std::size_t line = text.rfind('\n');
  return printable(line == std::string::npos ? text : text.substr(line + 1));
}

Experiment experiment_of(const RunRequest& request, const Registries& registries) {
  Spec spec = read_spec(Settings(settings_from_json(request.settings)), request.file, registries);
  at::set_num_threads(static_cast<int>(spec.threads));
  Experiment experiment = prepare_experiment(std::move(spec), default_data_folders(request.data));
  if (experiment.data_hash != request.data_hash) {
    throw Error(ErrorKind::kData,
                "the data's files were changed since the run began: run it again.");
  }
  return experiment;
}

}  // namespace

int work_until_told_to_stop(const Registries& registries, int answers) {
  ::signal(SIGINT, SIG_IGN);  // the scheduler decides what an interrupt means
  try {
    std::string line;
    if (!std::getline(std::cin, line)) return 2;
    std::string bytes(static_cast<std::size_t>(std::strtoull(line.c_str(), nullptr, 10)), '\0');
    if (!std::cin.read(bytes.data(), static_cast<std::streamsize>(bytes.size()))) return 2;
    const Json told = Json::from_cbor(bytes);
    const RunRequest request{told.at("settings"),  told.at("file"),  told.at("data"),
                             told.at("data_hash"), told.at("store"), told.at("memory")};
    const Experiment experiment = experiment_of(request, registries);
    const Plan plan = make_plan(experiment, registries.metrics);
    const Store store(request.store);
    while (std::getline(std::cin, line)) {
      using Clock = std::chrono::steady_clock;
      Clock::time_point last = Clock::now();
      StageHost host;
      host.memory = request.memory;
      host.progress = [&](double share) {
        if (std::chrono::duration<double>(Clock::now() - last).count() < 0.1) return;
        last = Clock::now();
        answer(answers, {{"event", "progress"}, {"share", share}});
      };
      host.on_wait = [&](const std::string& holder) {
        answer(answers, {{"event", "waiting"}, {"holder", holder}});
      };
      try {
        if (!plan.numbers.contains(line)) {
          throw FileError(ErrorKind::kStore, request.file,
                          "a file that it names was changed since the run began", 0);
        }
        run_stage(experiment, plan, plan.find(line), registries, store, host);
        answer(answers, {{"event", "done"}});
      } catch (const DamagedEntry& error) {
        answer(answers, {{"event", "damaged"}, {"key", error.key()}, {"message", error.problem()}});
      } catch (const FileError& error) {
        const char* event = error.kind() == ErrorKind::kStore ? "stop" : "failed";
        answer(answers, {{"event", event}, {"message", error.what()}});
      } catch (const std::exception& error) {
        answer(answers, {{"event", "failed"}, {"message", message_of(error)}});
      }
    }
  } catch (const std::exception& error) {
    answer(answers, {{"event", "unusable"}, {"message", message_of(error)}});
    return 2;
  }
  return 0;
}

WorkerProcess::WorkerProcess(const RunRequest& request) {
  Pipe down = open_pipe(), up = open_pipe();
  errors_ = Descriptor(::memfd_create("oubli-worker", MFD_CLOEXEC));
  std::string name = "oubli", command = "worker";
  std::array<char*, 3> arguments = {name.data(), command.data(), nullptr};
  const pid_t scheduler = ::getpid();
  process_ = ::fork();
  if (process_ == 0) {
    // Asked for before the program is loaded, which takes a while: a worker dies with its scheduler
    // from its first moment on.
    if (::prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || ::getppid() != scheduler) ::_exit(2);
    if (::dup2(down.to_read.get(), STDIN_FILENO) < 0 ||
        ::dup2(up.to_write.get(), STDOUT_FILENO) < 0) {
      ::_exit(2);
    }
    if (errors_.is_open()) ::dup2(errors_.get(), STDERR_FILENO);
    ::execve("/proc/self/exe", arguments.data(), environ);
    ::_exit(2);
  }
  if (process_ < 0) fail_to_start(errno);
  to_ = std::move(down.to_write);
  from_ = std::move(up.to_read);
  // The worker's ends: while this process held them, it would not see the worker's death.
  down.to_read.reset();
  up.to_write.reset();
  const std::vector<std::uint8_t> told = Json::to_cbor({{"settings", request.settings},
                                                        {"file", request.file},
                                                        {"data", request.data},
                                                        {"data_hash", request.data_hash},
                                                        {"store", request.store},
                                                        {"memory", request.memory}});
  // A worker that dies before it has read this is seen by the end of its answers.
  write_all(to_.get(), fmt::format("{}\n", told.size()) + std::string(told.begin(), told.end()));
}

WorkerProcess::~WorkerProcess() {
  if (process_ > 0) {
    ::kill(process_, SIGKILL);
    ::waitpid(process_, nullptr, 0);
  }
}

bool WorkerProcess::send(const std::string& key) { return write_all(to_.get(), key + "\n"); }

bool WorkerProcess::receive(std::vector<std::string>& lines) {
  char chunk[4096];
  const ssize_t count = ::read(from_.get(), chunk, sizeof chunk);
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
  std::string how = fmt::format("its process ended with status {}", WEXITSTATUS(status));
  if (WIFSIGNALED(status)) {
    const int number = WTERMSIG(status);
    how = fmt::format("its process was ended by signal {} ({}){}", number, ::strsignal(number),
                      number == SIGKILL ? "; was memory short?" : "");
  }
  const std::string words = errors_.is_open() ? last_words(errors_.get()) : "";
  return words.empty() ? how : fmt::format("{}; its last words: {}", how, words);
}

}  // namespace oubli
