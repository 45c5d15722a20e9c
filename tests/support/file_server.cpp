#include "tests/support/file_server.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <stdexcept>

extern char** environ;

namespace oubli::testing {

FileServer::FileServer(const std::filesystem::path& folder, const std::string& mode) {
  setenv("no_proxy", "127.0.0.1", 1);
  std::array<int, 2> to_server;
  std::array<int, 2> from_server;
  // Closed on exec, so that no server holds another one's input open.
  if (pipe2(to_server.data(), O_CLOEXEC) != 0 || pipe2(from_server.data(), O_CLOEXEC) != 0) {
    throw std::runtime_error("no pipe for the test server");
  }
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, to_server[0], STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, from_server[1], STDOUT_FILENO);
  const std::string script = std::string(OUBLI_SOURCE_DIR) + "/tests/support/range_server.py";
  std::array<const char*, 5> arguments = {"python3", script.c_str(), folder.c_str(), mode.c_str(),
                                          nullptr};
  const int failure = posix_spawnp(&process_, "python3", &actions, nullptr,
                                   const_cast<char**>(arguments.data()), environ);
  posix_spawn_file_actions_destroy(&actions);
  close(to_server[0]);
  close(from_server[1]);
  input_ = to_server[1];
  std::string line;
  char c = 0;
  while (failure == 0 && read(from_server[0], &c, 1) == 1 && c != '\n') line += c;
  close(from_server[0]);
  port_ = std::atoi(line.c_str());
  if (port_ == 0) throw std::runtime_error("the test server did not start; is python3 there?");
}

FileServer::~FileServer() {
  close(input_);
  waitpid(process_, nullptr, 0);
}

}  // namespace oubli::testing
