#include "core/nn/layers/embedding.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include "core/base/error.h"
#include "core/nn/linearisation.h"

namespace oubli {
namespace {

class LinearisedEmbedding : public ParameterLinearisation {
 public:
  LinearisedEmbedding(const Tensor& tokens, const ForwardPass& pass, std::size_t number)
      : tokens_(tokens), numbers_{number}, weight_(pass.parameters[number].detach()) {
    output_ = at::embedding(weight_, tokens_);
  }

  const std::vector<std::size_t>& parameters() const override { return numbers_; }

  Tensor tangent(const Tensor&, const Tensors& v, bool) override {
    return at::embedding(v[numbers_[0]], tokens_);
  }

  Tensor adjoint(const Tensor& g, const Adjoint& request) override {
    remember(g, request);
    if (request.input) {
      throw Error(
          ErrorKind::kUsage,
          "token numbers have no derivative: an embedding must stand where the data enters");
    }
    if (request.sums != nullptr) scatter(g, *request.sums);
    return {};
  }

  Tensor adjoint_tangent(const Tensor& dg, const Tensors&, Tensors& sums, bool) override {
    if (dg.defined()) scatter(dg, sums);  // linear in the table
    return {};
  }

  Tensors example_gradients(const Tensor& g, std::int64_t begin,
                            std::int64_t count) const override {
    // Tokens that an example repeats add up before anything is squared.
    Tensor each = at::zeros({count, weight_.size(0), weight_.size(1)}, g.options());
    const Tensor index = tokens_.narrow(0, begin, count).reshape({count, -1, 1});
    const Tensor rows = g.narrow(0, begin, count).reshape({count, -1, weight_.size(1)});
    each.scatter_add_(1, index.expand_as(rows), rows);
    return {each};
  }

  void list_kept(Tensors& kept) const override {
    kept.insert(kept.end(), {tokens_, output_});
    kept.insert(kept.end(), kept_.begin(), kept_.end());
  }

 private:
  void scatter(const Tensor& g, Tensors& sums) const {
    sums[numbers_[0]].index_add_(0, tokens_.flatten(), g.reshape({-1, weight_.size(1)}));
  }

  Tensor tokens_;
  std::vector<std::size_t> numbers_;
  Tensor weight_;
};

}  // namespace

Embedding::Embedding(ParameterTable& table, const std::string& name, std::int64_t tokens,
                     std::int64_t features, Initialisation initialisation)
    : tokens_(tokens),
      weight_(table.add(name + ".weight", {tokens, features}, initialisation, 1)) {}

Tensor Embedding::checked(const Tensor& input) const {
  const Tensor tokens = input.to(at::kLong);
  if ((tokens.lt(0) | tokens.ge(tokens_)).any().item<bool>()) {
    throw Error(ErrorKind::kData, fmt::format("a token lies outside the embedding's table: "
                                              "expected 0 to {}, found {} to {}",
                                              tokens_ - 1, tokens.min().item<std::int64_t>(),
                                              tokens.max().item<std::int64_t>()));
  }
  return tokens;
}

Tensor Embedding::forward(const Tensor& input, ForwardPass& pass) const {
  return at::embedding(pass.parameters[weight_], checked(input));
}

std::unique_ptr<LayerLinearisation> Embedding::linearise(const Tensor& input,
                                                         ForwardPass& pass) const {
  return std::make_unique<LinearisedEmbedding>(checked(input), pass, weight_);
}

}  // namespace oubli
