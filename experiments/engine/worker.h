// Worker processes: each runs one stage after another, as the scheduler tells it.
//
// The protocol is a line of text each way: the scheduler writes a key; the worker answers with JSON
// objects, `progress` as it goes and one `done` or `failed` at the end. A worker ends when its
// input does, and the system ends it when the scheduler dies.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "experiments/engine/registries.h"

namespace oubli {

// What a worker needs to make the same plan as the scheduler.
struct RunRequest {
  std::filesystem::path file;
  std::vector<std::string> overrides;
  std::string data;  // --data
  std::string store;
  std::int64_t memory = 0;  // StageHost::memory
};

// The body of a worker process: answers on `answers`, an open descriptor. Returns its exit status.
int work_until_told_to_stop(const RunRequest& request, const Registries& registries, int answers);

// A running worker, seen from the scheduler.
class WorkerProcess {
 public:
  // Starts this program again as a worker. Throws Error(kStore) where the system refuses.
  explicit WorkerProcess(const RunRequest& request);
  ~WorkerProcess();
  WorkerProcess(const WorkerProcess&) = delete;
  WorkerProcess& operator=(const WorkerProcess&) = delete;

  int answers() const { return from_; }
  bool send(const std::string& key);
  // Reads what is there. Whole lines are appended to `lines`; false at the end of the stream.
  bool receive(std::vector<std::string>& lines);
  // How the process ended, in words; waits for it.
  std::string wait();

 private:
  pid_t process_ = -1;
  int to_ = -1;
  int from_ = -1;
  std::string buffer_;
};

}  // namespace oubli
