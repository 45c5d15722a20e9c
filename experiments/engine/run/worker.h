// Worker processes: each runs one stage after another, as the scheduler tells it.
//
// The scheduler writes a RunRequest, as its length on a line and so many bytes of CBOR, which takes
// names of files that are no UTF-8 as they are; then a key a line. The worker answers with JSON
// objects: `progress` and `waiting` as it goes, and one of `done`, `failed`, `damaged` (an input is
// not as it was written) and `stop` (the store cannot be written: no stage can be done) at the end.
// A worker ends when its input does, and the system ends it when the scheduler dies.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "core/base/descriptor.h"
#include "core/base/json.h"
#include "experiments/engine/registries.h"

namespace oubli {

// What a worker needs to make the same plan as the scheduler: the settings themselves and no file's
// name, so that a pipe will do for a file, and a file may change while a run goes on.
struct RunRequest {
  Json settings;          // Spec::root, with rows in place of files that list them
  std::string file;       // its name, for messages and titles
  std::string data;       // --data
  std::string data_hash;  // of what the scheduler found there
  std::string store;
  std::int64_t memory = 0;  // StageHost::memory
};

// The body of a worker process: reads standard input and answers on `answers`, an open descriptor.
// Returns its exit status.
int work_until_told_to_stop(const Registries& registries, int answers);

// A running worker, seen from the scheduler.
class WorkerProcess {
 public:
  // Starts this program again as a worker. Throws Error(kStore) where the system refuses.
  explicit WorkerProcess(const RunRequest& request);
  ~WorkerProcess();
  WorkerProcess(const WorkerProcess&) = delete;
  WorkerProcess& operator=(const WorkerProcess&) = delete;

  int answers() const { return from_.get(); }
  // False where the process is gone.
  bool send(const std::string& key);
  // Reads what is there. Whole lines are appended to `lines`; false at the end of the stream.
  bool receive(std::vector<std::string>& lines);
  // How the process ended, in words, with the last that it wrote to its standard error; waits for
  // it.
  std::string wait();

 private:
  pid_t process_ = -1;
  Descriptor to_;
  Descriptor from_;
  Descriptor errors_;  // a file in memory
  std::string buffer_;
};

}  // namespace oubli
