// How long work takes on this machine, from a moment of it: so that costs, which are counted in
// sample-gradients, can be said in minutes before anything has run.
#pragma once

#include <string>

#include "experiments/engine/plan/experiment.h"

namespace oubli {

// Seconds for one sample-gradient of the experiment's model, with batches and threads as training
// has them. Takes 0.3 s, or one batch. What methods do besides (solves, sorting) is not in it.
double seconds_per_sample_gradient(const Experiment& experiment);

// "40 s", "12 min", "3.5 h".
std::string duration_text(double seconds);

}  // namespace oubli
