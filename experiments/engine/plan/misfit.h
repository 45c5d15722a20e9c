// Why the weights of a given model are of other sizes than the network that the data and `model`
// make: what in these is to be mended.
#pragma once

#include <string>

#include "core/nn/tensor_file.h"
#include "experiments/engine/plan/experiment.h"

namespace oubli {

// Sentences behind the message that `weights`, under the model's names where these are known, do
// not fit the model; "" where sizes do not tell. Of other classes the labels, with the place of the
// first row of the rarest; of other inputs all of them, with categories that stand in the test file
// alone; of other hidden layers the setting that has theirs.
std::string why_misfit(const Experiment& experiment, const Model& model, const TensorFile& weights);

}  // namespace oubli
