#include "core/nn/layers/pooling.h"

#include <ATen/ATen.h>

#include "core/nn/linear_map.h"
#include "core/nn/max_pool_kernels.h"

namespace oubli {
namespace {

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

// Windows that overlap, or hang over the edge.
class LinearisedOverlappingMaxPool : public LinearMap {
 public:
  LinearisedOverlappingMaxPool(const Tensor& x, const PoolShape& shape) : shape_(shape), x_(x) {
    std::tie(output_, indices_) =
        at::max_pool2d_with_indices(x, shape.size, shape.step(), shape.padding);
  }
  void list_kept(Tensors& kept) const override { kept.insert(kept.end(), {x_, output_, indices_}); }

 protected:
  Tensor forwards(const Tensor& dx) const override {
    return dx.flatten(2).gather(2, indices_.flatten(2)).view(output_.sizes());
  }
  Tensor backwards(const Tensor& g) const override {
    return at::max_pool2d_with_indices_backward(
        g, x_, {shape_.size, shape_.size}, {shape_.step(), shape_.step()},
        {shape_.padding, shape_.padding}, {1, 1}, false, indices_);
  }

 private:
  PoolShape shape_;
  Tensor x_, indices_;
};

class LinearisedWindowMean : public LinearMap {
 public:
  LinearisedWindowMean(const Tensor& x, const PoolShape& shape)
      : LinearMap(at::avg_pool2d(x, shape.size, shape.step(), shape.padding)),
        shape_(shape),
        x_(x) {}
  void list_kept(Tensors& kept) const override { kept.insert(kept.end(), {x_, output_}); }

 protected:
  Tensor forwards(const Tensor& dx) const override {
    return at::avg_pool2d(dx, shape_.size, shape_.step(), shape_.padding);
  }
  Tensor backwards(const Tensor& g) const override {
    return at::avg_pool2d_backward(g, x_, {shape_.size, shape_.size},
                                   {shape_.step(), shape_.step()}, {shape_.padding, shape_.padding},
                                   false, true, std::nullopt);
  }

 private:
  PoolShape shape_;
  Tensor x_;
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
  return at::max_pool2d(input, shape_.size, shape_.step(), shape_.padding);
}
std::unique_ptr<LayerLinearisation> MaxPool2d::linearise(const Tensor& input, ForwardPass&) const {
  if (!shape_.tiles()) return std::make_unique<LinearisedOverlappingMaxPool>(input, shape_);
  if (has_max_pool_kernel(input, shape_.size)) {
    return std::make_unique<LinearisedTiledMaxPool>(input, shape_.size);
  }
  return std::make_unique<LinearisedMaxPool>(input, shape_.size);
}

Tensor AveragePool2d::forward(const Tensor& input, ForwardPass&) const {
  return at::avg_pool2d(input, shape_.size, shape_.step(), shape_.padding);
}
std::unique_ptr<LayerLinearisation> AveragePool2d::linearise(const Tensor& input,
                                                             ForwardPass&) const {
  return std::make_unique<LinearisedWindowMean>(input, shape_);
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
