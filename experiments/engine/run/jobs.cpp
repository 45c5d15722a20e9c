#include "experiments/engine/run/jobs.h"

#include <algorithm>

#include "core/base/machine_limits.h"

namespace oubli {

std::size_t job_count(std::size_t asked, const Spec& spec) {
  if (asked > 0) return asked;
  return static_cast<std::size_t>(std::max<std::int64_t>(1, available_cores() / spec.threads));
}

std::int64_t memory_of_job(std::size_t jobs) {
  return available_memory() / static_cast<std::int64_t>(2 * jobs);
}

}  // namespace oubli
