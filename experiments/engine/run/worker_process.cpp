#include "experiments/engine/run/worker_process.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <vector>

#include "core/base/error.h"
#include "core/base/text.h"

extern char** environ;  // NOLINT: POSIX names it

namespace oubli {
namespace {

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

// What a file has from one offset to another; less where it cannot be read.
std::string read_part(int descriptor, off_t begin, off_t end) {
  std::string text(static_cast<std::size_t>(std::max<off_t>(0, end - begin)), '\0');
  const ssize_t count = ::pread(descriptor, text.data(), text.size(), begin);
  text.resize(static_cast<std::size_t>(std::max<ssize_t>(0, count)));
  return text;
}

// The end of what a process wrote to its standard error, on one line.
std::string last_words(int descriptor) {
  constexpr off_t kMost = 400;
  const off_t size = ::lseek(descriptor, 0, SEEK_END);
  std::string text = read_part(descriptor, std::max<off_t>(0, size - kMost), size);
  text.erase(text.find_last_not_of(" \n") + 1);
  const std::size_t line = text.rfind('\n');
  return printable(line == std::string::npos ? text : text.substr(line + 1));
}

}  // namespace

WorkerProcess::WorkerProcess(const RunRequest& request) {
  Pipe down = open_pipe(), up = open_pipe();
  errors_ = Descriptor(::memfd_create("oubli-worker", MFD_CLOEXEC));
  std::vector<std::string> words = {"oubli", "worker"};
  for (const std::string& plugin : request.plugins) words.push_back("--plugin=" + plugin);
  std::vector<char*> arguments;
  arguments.reserve(words.size() + 1);
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
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
  const std::string told = to_bytes(request);
  // A worker that dies before it has read this is seen by the end of its answers.
  write_all(to_.get(), fmt::format("{}\n", told.size()) + told);
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

std::vector<std::string> WorkerProcess::printed() {
  // A stage that prints without end must not fill the terminal, nor this process's memory.
  constexpr off_t kMost = 1 << 16;
  std::vector<std::string> lines;
  if (!errors_.is_open()) return lines;
  const off_t end = ::lseek(errors_.get(), 0, SEEK_END);
  const off_t begin = std::max(errors_read_, end - kMost);
  if (end <= begin) return lines;
  if (begin > errors_read_) lines.push_back("(more was printed before this)");
  const std::string text = read_part(errors_.get(), begin, end);
  errors_read_ = end;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t line_end = std::min(text.find('\n', at), text.size());
    if (line_end > at) lines.push_back(printable(text.substr(at, line_end - at)));
    at = line_end + 1;
  }
  return lines;
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
