// `oubli worker`, which `oubli run` starts: stages for a scheduler (run/worker.h).
#include "experiments/engine/run/worker.h"

#include <fcntl.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>

#include "experiments/engine/commands/command.h"

namespace oubli {
namespace {

int run_worker(const Registries& registries) {
  // Whatever a library prints must not be taken for an answer.
  const int answers = ::fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
  ::dup2(STDERR_FILENO, STDOUT_FILENO);
  // It is a file now, whose buffer would die with a worker that crashes.
  std::setvbuf(stdout, nullptr, _IOLBF, BUFSIZ);
  return work_until_told_to_stop(registries, answers);
}

}  // namespace

void add_worker_command(CLI::App& program, CommandContext& context) {
  CLI::App* worker = program.add_subcommand("worker", "")->group("");  // people do not start it
  worker->callback([&context] { context.status = run_worker(context.registries); });
}

}  // namespace oubli
