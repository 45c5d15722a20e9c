// Ensembles as models: from a network the network of several copies of it, and from a model of that
// its copies, each a model by itself that is trained like any other.
//
//   const Network network = ensemble_of(one, 5, Joining::kMean, OutputKind::kScores);
//   Model model(network.layers, network.table, at::kFloat);
//   Model third = copy_of(model, 2);
//   train(third, ...);
//   set_copy(model, 2, third);
//
// Parameters and buffers of copy k have the copy's names behind "copies.k.".
#pragma once

#include <cstdint>

#include "core/nn/architectures/architecture.h"
#include "core/nn/layers/ensemble.h"

namespace oubli {

// Of one copy the network itself. Throws Error(kUsage) as Ensemble does, and where there would be
// too many parameters.
Network ensemble_of(const Network& one, std::int64_t copies, Joining joining, OutputKind kind);

// 1 for a model that is no ensemble, which is its own only copy.
std::int64_t copies_in(const Model& model);

// The k-th copy, parameters and buffers; nothing that happens to it reaches the model.
// Error(kUsage) where there is none.
Model copy_of(const Model& model, std::int64_t k);
// Puts parameters and buffers of a copy in the k-th one's place.
void set_copy(Model& model, std::int64_t k, const Model& copy);

}  // namespace oubli
