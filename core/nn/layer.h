// Layers: the pieces that networks are made of, written so that curvature code can look inside.
//
// A layer holds its shape and the numbers of its parameters, never the parameters themselves: those
// are handed in with each pass as views into one flat vector. A layer is therefore immutable, is
// shared by all copies of a model, and can be evaluated at any parameter vector.
//
// `forward` is the definition. `linearise` opens the layer up at one input, for gradients,
// curvature products and gradients of single examples (linearisation.h). Only `forward` must be
// written: a layer without rules of its own is linearised by automatic differentiation, which is
// right and slower.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/base/random.h"
#include "core/base/tensor.h"

namespace oubli {

class LayerLinearisation;

// How a parameter starts. fan_in is the number of inputs that one output is computed from.
enum class Initialisation {
  kUniformFanIn,    // U(-1/sqrt(fan_in), 1/sqrt(fan_in)): PyTorch's default for linear and conv
  kHeNormalFanOut,  // N(0, 2/fan_out), He et al. 2015; what residual networks use
  kNormal,          // N(0, 1): PyTorch's default for embeddings
  kSmallNormal,     // N(0, 0.02^2 / fan): GPT-2's, where fan counts what is summed up behind it
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
  // Further names of it, where several layers share it: PyTorch's state_dict has it under each.
  std::vector<std::string> aliases = {};

  // Of the layer that it belongs to: all of its name up to the last dot.
  std::string layer() const { return name.substr(0, name.rfind('.')); }
  // A matrix or kernels, rather than a bias or a scale.
  bool is_weight() const { return shape.size() > 1; }
};

// State that is not trained: the running statistics of batch normalisation.
struct BufferInfo {
  std::string name;
  std::vector<std::int64_t> shape;
  Tensor initial;  // what it is before anything was trained: statistics of nothing, or a constant

  std::string layer() const { return name.substr(0, name.rfind('.')); }
};

// Collects what a network is made of while its layers are constructed.
class ParameterTable {
 public:
  // Each returns the number of what it adds. Throws Error(kUsage) on a name used twice, and where
  // there would be more than 1e12 parameters in all.
  std::size_t add(const std::string& name, std::vector<std::int64_t> shape,
                  Initialisation initialisation, std::int64_t fan);
  std::size_t add_buffer(const std::string& name, Tensor initial);
  // A further name of a parameter, under which files may hold it as well.
  void add_alias(std::size_t parameter, const std::string& name);

  const std::vector<ParameterInfo>& parameters() const { return parameters_; }
  const std::vector<BufferInfo>& buffers() const { return buffers_; }
  std::int64_t size() const { return size_; }

 private:
  void require_new(const std::string& name) const;

  std::vector<ParameterInfo> parameters_;
  std::vector<BufferInfo> buffers_;
  std::int64_t size_ = 0;
};

enum class PassMode { kTraining, kEvaluation };

// Looks at what goes into a layer and what comes out of it, and returns what goes on: the output
// itself, or something in its place. `weight`: the number of the layer's first parameter. Linear
// layers and layer normalisations, whose input is what the blocks before them have summed up, are
// looked at.
using Tap = std::function<Tensor(std::size_t weight, const Tensor& input, const Tensor& output)>;

// One forward pass.
struct ForwardPass {
  const Tensors& parameters;
  const Tensors& buffers;  // batch normalisation updates them in training mode
  PassMode mode = PassMode::kEvaluation;
  Generator* generator = nullptr;  // for layers that draw in training mode
  const Tap* tap = nullptr;

  Tensor tapped(std::size_t weight, const Tensor& input, const Tensor& output) const {
    return tap == nullptr ? output : (*tap)(weight, input, output);
  }
};

class Layer {
 public:
  virtual ~Layer() = default;
  // input [b, ...] -> output [b, ...]; row b of the output depends on row b of the input only, but
  // for batch normalisation in training mode.
  virtual Tensor forward(const Tensor& input, ForwardPass& pass) const = 0;

  // The layer at this input, with what later products need. The default differentiates `forward`.
  // Throws Error(kNumerics) in training mode where examples are mixed or numbers are drawn. The
  // pass's parameters and buffers must outlive the result and keep their values.
  virtual std::unique_ptr<LayerLinearisation> linearise(const Tensor& input,
                                                        ForwardPass& pass) const;

  // Whether training takes its gradient from `linearise` in training mode rather than by automatic
  // differentiation of `forward`. For layers that can be linearised there, and whose rules are no
  // slower than LibTorch's: what is saved is the recording, which matters to small networks.
  virtual bool trains_by_rule() const { return false; }
};

using LayerPtr = std::unique_ptr<Layer>;

}  // namespace oubli
