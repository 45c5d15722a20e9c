// Layers: the pieces that networks are made of, written so that curvature code can look inside.
//
// A layer holds its shape and the numbers of its parameters, never the parameters themselves: those
// are handed in with each pass as views into one flat vector. A layer is therefore immutable, is
// shared by all copies of a model, and can be evaluated at any parameter vector. A layer that has
// parameters records its input and its output when asked; from these two, per-sample gradients and
// Fisher diagonals follow by layer rules (C++ modules have no hooks that could do it from outside).
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/base/random.h"
#include "core/base/tensor.h"

namespace oubli {

class Layer;

// How a parameter starts. fan_in is the number of inputs that one output is computed from.
enum class Initialisation {
  kUniformFanIn,    // U(-1/sqrt(fan_in), 1/sqrt(fan_in)): PyTorch's default for linear and conv
  kHeNormalFanOut,  // N(0, 2/fan_out), He et al. 2015; what residual networks use
  kZeros,
  kOnes,
};

struct ParameterInfo {
  std::string name;
  std::vector<std::int64_t> shape;
  std::int64_t offset = 0;  // into the flat vector
  std::int64_t size = 0;
  Initialisation initialisation = Initialisation::kUniformFanIn;
  std::int64_t fan = 1;  // fan_in or fan_out, as the initialisation needs
};

// State that is not trained: the running statistics of batch normalisation.
struct BufferInfo {
  std::string name;
  std::vector<std::int64_t> shape;
  double initial = 0;
};

// Collects what a network is made of while its layers are constructed.
class ParameterTable {
 public:
  // Each returns the number of what it adds. Throws Error(kUsage) on a name used twice.
  std::size_t add(const std::string& name, std::vector<std::int64_t> shape,
                  Initialisation initialisation, std::int64_t fan);
  std::size_t add_buffer(const std::string& name, std::vector<std::int64_t> shape, double initial);

  const std::vector<ParameterInfo>& parameters() const { return parameters_; }
  const std::vector<BufferInfo>& buffers() const { return buffers_; }
  std::int64_t size() const { return size_; }

 private:
  void require_new(const std::string& name) const;

  std::vector<ParameterInfo> parameters_;
  std::vector<BufferInfo> buffers_;
  std::int64_t size_ = 0;
};

enum class Mode { kTraining, kEvaluation };

// What a layer with parameters saw and made in one pass.
struct LayerRecord {
  const Layer* layer = nullptr;
  Tensor input;
  Tensor output;
};

// One forward pass.
struct Pass {
  const std::vector<Tensor>& parameters;
  const std::vector<Tensor>& buffers;  // batch normalisation updates them in training mode
  Mode mode = Mode::kEvaluation;
  std::vector<LayerRecord>* records = nullptr;

  void record(const Layer* layer, const Tensor& input, const Tensor& output) {
    if (records != nullptr) records->push_back({layer, input, output});
  }
};

class Layer {
 public:
  virtual ~Layer() = default;
  // input [b, ...] -> output [b, ...]
  virtual Tensor forward(const Tensor& input, Pass& pass) const = 0;

  // Adds sum_b (dl_b/dtheta_i)^2 for this layer's own parameters to `sums`, indexed as
  // Pass::parameters. `input` and `output_gradient` belong to one recorded pass in evaluation
  // mode; row b of `output_gradient` is the gradient of example b's own loss. The square is taken
  // after summing over positions. Layers without parameters do nothing.
  virtual void add_squared_gradients(const Tensor& input, const Tensor& output_gradient,
                                     const Pass& pass, std::vector<Tensor>& sums) const;
};

using LayerPtr = std::unique_ptr<Layer>;

}  // namespace oubli
