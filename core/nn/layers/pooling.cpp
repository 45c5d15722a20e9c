#include "core/nn/layers/pooling.h"

#include <ATen/ATen.h>

#include "core/nn/linearisation.h"
#include "core/nn/max_pool_kernels.h"

namespace oubli {
namespace {

// A map that is linear once the input is known: its second derivative is zero.
class LinearMap : public LayerLinearisation {
 public:
  using LayerLinearisation::LayerLinearisation;
  Tensor tangent(const Tensor& dx, const Tensors&, bool) override {
    return dx.defined() ? forwards(dx) : Tensor();
  }
  Tensor adjoint(const Tensor& g, const Adjoint& request) override {
    return request.input ? backwards(g) : Tensor();
  }
  Tensor adjoint_tangent(const Tensor& dg, const Tensors&, Tensors&, bool input) override {
    return input && dg.defined() ? backwards(dg) : Tensor();
  }
  void list_kept(Tensors& kept) const override { kept.push_back(output_); }

 protected:
  virtual Tensor forwards(const Tensor& dx) const = 0;
  virtual Tensor backwards(const Tensor& g) const = 0;
};

class LinearisedMaxPool : public LinearMap {
 public:
  LinearisedMaxPool(const Tensor& x, std::int64_t size) : size_{size, size}, x_(x) {
    std::tie(output_, indices_) = at::max_pool2d_with_indices(x, size_, size_);
  }
  void list_kept(Tensors& kept) const override {
    kept.insert(kept.end(), {x_, output_, indices_, taken_});
  }

 protected:
  Tensor forwards(const Tensor& dx) const override {
    // One for the value that each window took: picking it is a masked sum over the window, which
    // is several times faster than gathering by index.
    if (!taken_.defined()) taken_ = backwards(at::ones_like(output_));
    return at::avg_pool2d(dx * taken_, size_, size_, 0, false, true, /*divisor_override=*/1);
  }
  Tensor backwards(const Tensor& g) const override {
    return at::max_pool2d_with_indices_backward(g, x_, size_, size_, 0, 1, false, indices_);
  }

 private:
  std::vector<std::int64_t> size_;
  Tensor x_, indices_;
  mutable Tensor taken_;
};

// Windows that tile a picture whose channels come last.
class LinearisedTiledMaxPool : public LinearMap {
 public:
  LinearisedTiledMaxPool(const Tensor& x, std::int64_t size) : size_(size) {
    MaxPooled pooled = max_pool(x, size);
    output_ = pooled.output;
    place_ = pooled.place;
  }
  void list_kept(Tensors& kept) const override { kept.insert(kept.end(), {output_, place_}); }

 protected:
  Tensor forwards(const Tensor& dx) const override { return take_places(dx, place_, size_); }
  Tensor backwards(const Tensor& g) const override { return put_places(g, place_, size_); }

 private:
  std::int64_t size_;
  Tensor place_;
};

class LinearisedAveragePool : public LinearMap {
 public:
  explicit LinearisedAveragePool(const Tensor& x)
      : LinearMap(x.mean({2, 3})), sizes_(x.sizes().vec()) {}

 protected:
  Tensor forwards(const Tensor& dx) const override { return dx.mean({2, 3}); }
  Tensor backwards(const Tensor& g) const override {
    return (g / static_cast<double>(sizes_[2] * sizes_[3]))
        .view({sizes_[0], sizes_[1], 1, 1})
        .expand(sizes_);
  }

 private:
  std::vector<std::int64_t> sizes_;
};

class LinearisedFlatten : public LinearMap {
 public:
  explicit LinearisedFlatten(const Tensor& x) : LinearMap(x.flatten(1)), sizes_(x.sizes().vec()) {}

 protected:
  Tensor forwards(const Tensor& dx) const override { return dx.flatten(1); }
  Tensor backwards(const Tensor& g) const override { return g.view(sizes_); }

 private:
  std::vector<std::int64_t> sizes_;
};

}  // namespace

Tensor MaxPool2d::forward(const Tensor& input, ForwardPass&) const {
  return at::max_pool2d(input, size_);
}
std::unique_ptr<LayerLinearisation> MaxPool2d::linearise(const Tensor& input, ForwardPass&) const {
  if (has_max_pool_kernel(input, size_)) {
    return std::make_unique<LinearisedTiledMaxPool>(input, size_);
  }
  return std::make_unique<LinearisedMaxPool>(input, size_);
}

Tensor GlobalAveragePool::forward(const Tensor& input, ForwardPass&) const {
  return input.mean({2, 3});
}
std::unique_ptr<LayerLinearisation> GlobalAveragePool::linearise(const Tensor& input,
                                                                 ForwardPass&) const {
  return std::make_unique<LinearisedAveragePool>(input);
}

Tensor Flatten::forward(const Tensor& input, ForwardPass&) const { return input.flatten(1); }
std::unique_ptr<LayerLinearisation> Flatten::linearise(const Tensor& input, ForwardPass&) const {
  return std::make_unique<LinearisedFlatten>(input);
}

}  // namespace oubli
