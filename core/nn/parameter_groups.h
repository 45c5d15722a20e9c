// Groups of parameters, as bool [dim] over theta: what moves, what is frozen, what is drawn anew.
#pragma once

#include <functional>

#include "core/nn/model.h"

namespace oubli {

// The parameters of which `belongs` is true.
Tensor parameters_where(const Model& model,
                        const std::function<bool(const ParameterInfo&)>& belongs);

// The last k layers with weights, their biases, and the normalisations between and behind them: the
// parameters from the k-th last matrix or kernel on, in the order of the forward pass. Source: the
// counting of Goel et al. 2022 (arXiv 2201.06640). Throws Error(kTask) where there are fewer.
Tensor last_layers(const Model& model, std::int64_t k);

// How many there are to count.
std::int64_t weight_layers(const Model& model);

}  // namespace oubli
