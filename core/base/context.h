// What a computation is handed besides its data: random numbers, a way to be stopped, a place to
// count what it costs, memory for speed, and a callback to say how far it is. Nothing of it is
// global; the number of threads is LibTorch's own, which the engine sets for each process.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <limits>
#include <string>

#include "core/base/random.h"

namespace oubli {

// Counts work in sample-gradients: one forward and backward pass of one example. In multiply-adds a
// gradient is three products for each layer (forward, backward to the input, backward to the
// weights); everything else is counted in thirds of it.
class CostMeter {
 public:
  void add_gradients(std::int64_t examples) { sample_gradients_ += static_cast<double>(examples); }
  void add_forwards(std::int64_t examples) {
    sample_gradients_ += static_cast<double>(examples) / 3.0;
  }
  // Products for each layer and example: a forward pass is 1, a tangent or an adjoint pass 2.
  void add_products(double products, std::int64_t examples) {
    sample_gradients_ += products * static_cast<double>(examples) / 3.0;
  }
  // What was counted apart, such as by a part with a context of its own.
  void add(const CostMeter& part) { sample_gradients_ += part.sample_gradients_; }
  double sample_gradients() const { return sample_gradients_; }

 private:
  double sample_gradients_ = 0;
};

struct Context {
  explicit Context(std::uint64_t seed) : generator(seed) {}

  Generator generator;
  CostMeter cost;
  // Sample-gradients after which a method stops with the status Stopped.
  double budget = std::numeric_limits<double>::infinity();
  // Bytes that may be kept for speed alone: neither results nor counted cost depend on it.
  std::int64_t memory = std::numeric_limits<std::int64_t>::max();
  // Called with the share done, from 0 to 1, at points of the computation's own choosing.
  std::function<void(double)> progress = [](double) {};
  // Told what a user should know of a result that is there: set where a method is run. A descent
  // then looks at whether it lowers what it descends.
  std::function<void(const std::string&)> warn = {};
  // Set from outside to ask for an early end.
  const std::atomic<bool>* stop = nullptr;

  bool should_stop() const {
    return (stop != nullptr && stop->load()) || cost.sample_gradients() >= budget;
  }
};

}  // namespace oubli
