// What a model sees of a table, input by input: a model from elsewhere must have been given the
// same, in the same order.
#pragma once

#include <string>
#include <vector>

#include "core/base/json.h"
#include "core/data/dataset.h"

namespace oubli {

// Of data whose inputs have names, in order: {name}, with the `mean` and `deviation` that it is
// standardised by, where it is, and with `missing`, its value where nothing is written, where that
// is so in one of the `rows` that are used; else empty.
Json inputs_record(const Dataset& dataset, const Tensor& rows);

// These in words, one by one: "1 age ((x - 30) / 7.5; 30 where missing)", "2 city=Lyon (as it is)".
std::vector<std::string> inputs_text(const Json& inputs);

// "0 no, 1 yes"; empty where there are no classes.
std::string classes_text(const Dataset& dataset);

}  // namespace oubli
