#include "core/nn/linearisation.h"

#include <ATen/ATen.h>

#include <set>

namespace oubli {

bool LayerLinearisation::has_parameters() {
  bool found = false;
  visit([&](ParameterLinearisation&) { found = true; });
  return found;
}

std::int64_t LayerLinearisation::kept_bytes(const Tensors& shared) const {
  std::set<const void*> seen;
  for (const Tensor& tensor : shared) seen.insert(tensor.storage().unsafeGetStorageImpl());
  Tensors kept;
  list_kept(kept);
  std::int64_t bytes = 0;
  for (const Tensor& tensor : kept) {
    if (!tensor.defined() || !seen.insert(tensor.storage().unsafeGetStorageImpl()).second) continue;
    bytes += static_cast<std::int64_t>(tensor.storage().nbytes());
  }
  return bytes;
}

void ParameterLinearisation::add_squared_gradients(const Tensors& gradients, Tensors& sums) const {
  constexpr std::int64_t kChunk = 16;
  for (const Tensor& g : gradients) {
    for (std::int64_t begin = 0; begin < g.size(0); begin += kChunk) {
      const Tensors each = example_gradients(g, begin, std::min(kChunk, g.size(0) - begin));
      for (std::size_t i = 0; i < each.size(); ++i) {
        sums[parameters()[i]].add_(each[i].square().sum(0));
      }
    }
  }
}

void add_defined(Tensor& sum, const Tensor& piece) {
  if (!piece.defined()) return;
  sum = sum.defined() ? sum + piece : piece;
}

}  // namespace oubli
