// A word to whoever waits: what takes longer than a moment says on a terminal that it is at work.
#pragma once

#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>

namespace oubli {

// From its making to its end: `what` stands on standard error after 0.7 s, where that is a
// terminal, with the seconds that have passed; it leaves nothing behind.
class Waiting {
 public:
  explicit Waiting(std::string what);
  ~Waiting();
  Waiting(const Waiting&) = delete;
  Waiting& operator=(const Waiting&) = delete;

 private:
  void show();

  std::string what_;
  std::mutex mutex_;
  std::condition_variable ended_;
  bool is_over_ = false;
  std::thread shower_;
};

}  // namespace oubli
