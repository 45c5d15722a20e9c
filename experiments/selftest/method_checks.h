// What every unlearning method must do, whatever it is, on every small network that it does not
// refuse: logistic regression, perceptrons in float64 and float32, convolutions with batch
// normalisation, a whole class forgotten, and a regression.
#pragma once

#include "core/unlearn/unlearner.h"
#include "experiments/selftest/checks.h"

namespace oubli::testing {

using MethodCheck = Check<MethodInfo, Methods>;

const std::vector<MethodCheck>& method_checks();

}  // namespace oubli::testing
