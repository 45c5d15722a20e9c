#include "experiments/engine/commands/waiting.h"

#include <fmt/format.h>

#include <chrono>
#include <cstdio>

#include "core/base/text.h"
#include "experiments/engine/terminal.h"

namespace oubli {

Waiting::Waiting(std::string what) : what_(std::move(what)) {
  if (is_terminal(stderr)) shower_ = std::thread([this] { show(); });
}

Waiting::~Waiting() {
  if (!shower_.joinable()) return;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    is_over_ = true;
  }
  ended_.notify_one();
  shower_.join();
}

void Waiting::show() {
  using Clock = std::chrono::steady_clock;
  const Clock::time_point start = Clock::now();
  std::unique_lock<std::mutex> lock(mutex_);
  if (ended_.wait_for(lock, std::chrono::milliseconds(700), [this] { return is_over_; })) return;
  do {
    const double seconds = std::chrono::duration<double>(Clock::now() - start).count();
    const std::string line = fmt::format("{} ({:.0f} s)", printable(what_), seconds);
    fmt::print(stderr, "\r\x1b[2K{}", first_characters(line, terminal_columns(stderr) - 1));
    std::fflush(stderr);
  } while (!ended_.wait_for(lock, std::chrono::seconds(1), [this] { return is_over_; }));
  std::fputs("\r\x1b[2K", stderr);
  std::fflush(stderr);
}

}  // namespace oubli
