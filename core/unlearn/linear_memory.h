// The second matrix of a block's MLP as a memory of keys and values:
//
//   values = W k + b,   W [out, in] = h.K.mlp.c_proj.weight,   k = gelu(c_fc(ln_2(x)))
//
// A change dW moves what is said to a key k by dW k, and nothing but what later blocks make of it:
// closed forms of linear algebra then say which dW gives the values that are wanted at some keys
// and moves others least (memory_writes.h). Source of the view: Geva et al. 2021 (arXiv
// 2012.14913); used for editing by Meng et al. 2022 (arXiv 2202.05262).
//
// Networks that have such layers by these names: gpt.
#pragma once

#include <string>
#include <vector>

#include "core/base/context.h"
#include "core/nn/model.h"

namespace oubli {

struct LinearMemory {
  std::int64_t layer = 0;  // K
  std::size_t weight = 0;  // number of W among the parameters
  std::size_t after = 0;   // of the scale of the normalisation that reads the stream behind block K
  std::int64_t offset = 0;  // of W in theta
  std::int64_t out = 0, in = 0;

  // Error(kTask) where the model has no such layer; the message says what is needed.
  static LinearMemory of(const Model& model, std::int64_t layer);

  // W in a flat vector [dim], a view of it.
  Tensor take(const Tensor& flat) const;
  // W += change [out, in], formed in the wider type and rounded once; no other parameter is
  // touched.
  void add(Model& model, const Tensor& change) const;
};

// How many blocks with a memory the model has. Error(kTask) for none.
std::int64_t memory_layers(const Model& model);

// One position of each sequence, as one memory sees it.
struct MemoryContents {
  Tensor keys;    // [n, in]
  Tensor values;  // [n, out]: W k + b
  Tensor stream;  // [n, out]: what the blocks up to K, with it, have summed up
};

// inputs [n, positions] as a batch's, `at` int64 [n]: a position of each. Without gradients. Cost:
// a forward pass for each sequence.
std::vector<MemoryContents> read_memories(const Model& model,
                                          const std::vector<LinearMemory>& memories,
                                          const Tensor& inputs, const Tensor& at, CostMeter& cost);

}  // namespace oubli
