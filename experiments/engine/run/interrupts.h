// Interrupts (SIGINT, SIGTERM) while a run goes on: they end it in good order.
#pragma once

#include <signal.h>

namespace oubli {

// Whether one came since the last InterruptGuard was made.
bool is_interrupted();

// Puts handlers in place for as long as it lives. A dead worker is no reason to die, either.
class InterruptGuard {
 public:
  InterruptGuard();
  ~InterruptGuard();
  InterruptGuard(const InterruptGuard&) = delete;
  InterruptGuard& operator=(const InterruptGuard&) = delete;

 private:
  struct sigaction old_interrupt_ = {};
  struct sigaction old_terminate_ = {};
  struct sigaction old_pipe_ = {};
};

}  // namespace oubli
