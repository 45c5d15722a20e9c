// How many stages are worked on at once, and what each may use.
#pragma once

#include <cstddef>
#include <cstdint>

#include "experiments/engine/plan/spec.h"

namespace oubli {

// As many as were asked for; where that is 0, as many as there are cores for.
std::size_t job_count(std::size_t asked, const Spec& spec);

// What one of so many jobs may keep for speed alone: half of its share, the rest being what it
// needs.
std::int64_t memory_of_job(std::size_t jobs);

}  // namespace oubli
