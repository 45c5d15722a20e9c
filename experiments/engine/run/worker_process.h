// A running worker (worker.h), seen from the scheduler.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "core/base/descriptor.h"
#include "experiments/engine/run/run_request.h"

namespace oubli {

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
  // The lines that it wrote to its standard output and error since this was last asked.
  std::vector<std::string> printed();
  // How the process ended, in words, with the last that it wrote to its standard error; waits for
  // it.
  std::string wait();

 private:
  pid_t process_ = -1;
  Descriptor to_;
  Descriptor from_;
  Descriptor errors_;  // a file in memory
  off_t errors_read_ = 0;
  std::string buffer_;
};

}  // namespace oubli
