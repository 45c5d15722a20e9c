#include "core/nn/layers/positions.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include "core/base/error.h"
#include "core/nn/linear_map.h"
#include "core/nn/linearisation.h"

namespace oubli {
namespace {

class LinearisedPositionEmbedding : public ParameterLinearisation {
 public:
  LinearisedPositionEmbedding(const Tensor& x, const ForwardPass& pass, std::size_t number)
      : numbers_{number}, sizes_(x.sizes().vec()), context_(pass.parameters[number].size(0)) {
    output_ = x + rows(pass.parameters[number].detach());
  }

  const std::vector<std::size_t>& parameters() const override { return numbers_; }

  Tensor tangent(const Tensor& dx, const Tensors& v, bool) override {
    const Tensor moved = rows(v[numbers_[0]]);
    return dx.defined() ? dx + moved : moved.expand(sizes_);
  }

  Tensor adjoint(const Tensor& g, const Adjoint& request) override {
    remember(g, request);
    if (request.sums != nullptr) rows((*request.sums)[numbers_[0]]).add_(g.sum(0));
    return request.input ? g : Tensor();
  }

  Tensor adjoint_tangent(const Tensor& dg, const Tensors&, Tensors& sums, bool input) override {
    if (dg.defined()) rows(sums[numbers_[0]]).add_(dg.sum(0));  // linear in the table
    return input ? dg : Tensor();
  }

  // One number of the output for each of the table: the gradient itself, 0 behind the sequence.
  Tensors example_gradients(const Tensor& g, std::int64_t begin,
                            std::int64_t count) const override {
    return {at::constant_pad_nd(g.narrow(0, begin, count), {0, 0, 0, context_ - sizes_[1]})};
  }

  void list_kept(Tensors& kept) const override {
    kept.push_back(output_);
    kept.insert(kept.end(), kept_.begin(), kept_.end());
  }

 private:
  Tensor rows(const Tensor& table) const { return table.narrow(0, 0, sizes_[1]); }

  std::vector<std::size_t> numbers_;
  std::vector<std::int64_t> sizes_;  // of the input
  std::int64_t context_;             // rows of the table
};

class LinearisedLastPosition : public LinearMap {
 public:
  explicit LinearisedLastPosition(const Tensor& x)
      : LinearMap(x.select(1, -1)), positions_(x.size(1)) {}

 protected:
  Tensor forwards(const Tensor& dx) const override { return dx.select(1, -1); }
  Tensor backwards(const Tensor& g) const override {
    return at::constant_pad_nd(g.unsqueeze(1), {0, 0, positions_ - 1, 0});
  }

 private:
  std::int64_t positions_;
};

}  // namespace

PositionEmbedding::PositionEmbedding(ParameterTable& table, const std::string& name,
                                     std::int64_t context, std::int64_t features,
                                     Initialisation initialisation, std::int64_t fan)
    : context_(context),
      weight_(table.add(name + ".weight", {context, features}, initialisation, fan)) {}

const Tensor& PositionEmbedding::checked(const Tensor& input) const {
  if (input.size(1) <= context_) return input;
  throw Error(ErrorKind::kData,
              fmt::format("a sequence has {} positions, and the model's context {}", input.size(1),
                          context_));
}

Tensor PositionEmbedding::forward(const Tensor& input, ForwardPass& pass) const {
  const Tensor& x = checked(input);
  return x + pass.parameters[weight_].narrow(0, 0, x.size(1));
}

std::unique_ptr<LayerLinearisation> PositionEmbedding::linearise(const Tensor& input,
                                                                 ForwardPass& pass) const {
  return std::make_unique<LinearisedPositionEmbedding>(checked(input), pass, weight_);
}

Tensor LastPosition::forward(const Tensor& input, ForwardPass&) const {
  return input.select(1, -1);
}

std::unique_ptr<LayerLinearisation> LastPosition::linearise(const Tensor& input,
                                                            ForwardPass&) const {
  return std::make_unique<LinearisedLastPosition>(input);
}

}  // namespace oubli
