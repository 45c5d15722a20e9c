// Architectures: from a name and its settings to a network of the right input and output shape.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/base/registry.h"
#include "core/nn/model.h"

namespace oubli {

struct Network {
  std::shared_ptr<const Layer> layers;
  std::shared_ptr<const ParameterTable> table;
};

// What a network must fit: the shape of one example without the batch dimension, and the number of
// outputs (classes, or regression outputs).
struct NetworkShape {
  std::vector<std::int64_t> input;
  std::int64_t outputs = 0;
  // Of a sequence that outputs are wanted at each position of; 0: one set of outputs an example.
  std::int64_t positions = 0;
};

// Reads the settings of an architecture and returns what builds it. Reading settings needs no data.
// The builder throws Error(kSettings) where the input shape does not suit the architecture.
struct Architecture {
  std::string name;
  std::string summary;
  std::function<std::function<Network(const NetworkShape&)>(const Settings&)> configure;
  std::string file_hash = {};  // as a method's (core/unlearn/unlearner.h)
  bool takes_tokens = false;   // inputs are token numbers, from 0
  // Settings, as YAML, for checks of an architecture that has some without a default.
  std::string example = "{}";
};

Registry<Architecture> builtin_architectures();

}  // namespace oubli
