#include "experiments/engine/run_program.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "core/base/descriptor.h"
#include "core/base/error.h"

extern "C" char** environ;

namespace oubli {
namespace {

// What was written to a file in memory.
std::string written(int file) {
  std::string text;
  char part[4096];
  off_t at = 0;
  for (ssize_t count = 0; (count = ::pread(file, part, sizeof part, at)) > 0; at += count)
    text.append(part, static_cast<std::size_t>(count));
  return text;
}

}  // namespace

ProgramEnd run_program(const std::vector<std::string>& command, const std::filesystem::path& input,
                       const std::filesystem::path& output) {
  const Descriptor errors(::memfd_create("errors", MFD_CLOEXEC));
  if (errors.get() < 0) {
    throw Error(ErrorKind::kStore,
                fmt::format("no file in memory can be made: {}", std::strerror(errno)));
  }
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, input.c_str(), O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, output.c_str(),
                                   O_WRONLY | O_CREAT | O_TRUNC, 0666);
  posix_spawn_file_actions_adddup2(&actions, errors.get(), STDERR_FILENO);
  std::vector<char*> arguments;
  arguments.reserve(command.size() + 1);
  for (const std::string& argument : command)
    arguments.push_back(const_cast<char*>(argument.c_str()));
  arguments.push_back(nullptr);
  pid_t process = -1;
  const int failure =
      ::posix_spawnp(&process, arguments.front(), &actions, nullptr, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (failure == ENOENT) return {false, 127, ""};
  if (failure != 0) {
    throw Error(ErrorKind::kStore,
                fmt::format("{}: cannot be run: {}", command.front(), std::strerror(failure)));
  }
  int status = 0;
  while (::waitpid(process, &status, 0) < 0 && errno == EINTR) {
  }
  return {true, WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status),
          written(errors.get())};
}

}  // namespace oubli
