// A tensor that is held, or read again whenever it is asked for: what many models have, and few
// metrics look at, need not lie in memory all at once.
#pragma once

#include <functional>

#include "core/base/tensor.h"

namespace oubli {

class DeferredTensor {
 public:
  DeferredTensor() = default;
  DeferredTensor(Tensor held) : held_(std::move(held)) {}  // NOLINT: a tensor is one that is held
  explicit DeferredTensor(std::function<Tensor()> read) : read_(std::move(read)) {}

  Tensor get() const { return read_ ? read_() : held_; }

 private:
  Tensor held_;
  std::function<Tensor()> read_;
};

}  // namespace oubli
