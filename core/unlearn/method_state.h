// What a method remembers from one request to the next: a privacy account, shards, directions.
//
//   report.state = std::make_shared<MethodState>(MethodState{{{"spent", 0.3}}, {}});
//   ...
//   const double spent = task.state ? task.state->values.at("spent").get<double>() : 0;
//
// It is written down between requests and read again, so whatever matters must be in it: the method
// itself is made anew for each.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/base/json.h"
#include "core/base/tensor.h"

namespace oubli {

struct MethodState {
  Json values = Json::object();
  NamedTensors tensors = {};

  // By its name; undefined where there is none.
  Tensor tensor(const std::string& name) const { return find_tensor(tensors, name); }
};
using MethodStatePtr = std::shared_ptr<const MethodState>;

// SHA-256 of all that is in it, by which two requests can be seen to start from the same.
std::string checksum(const MethodState& state);

}  // namespace oubli
