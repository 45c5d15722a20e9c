#include "core/nn/layers/attention.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <cmath>
#include <limits>
#include <utility>

#include "core/base/error.h"
#include "core/nn/attention_kernels.h"
#include "core/nn/linearisation.h"

namespace oubli {
namespace {

// Queries, keys and values of every head, each [b, heads, positions, e].
struct Heads {
  Tensor q, k, v;
};

Heads split_heads(const Tensor& x, std::int64_t heads) {
  const std::int64_t features = x.size(-1) / 3;
  if (x.dim() != 3 || x.size(-1) % 3 != 0 || features % heads != 0) {
    throw Error(ErrorKind::kUsage,
                fmt::format("attention needs [examples, positions, 3 features], with features that "
                            "{} heads divide; found {} numbers for each position",
                            heads, x.size(-1)));
  }
  const Tensor parts =
      x.view({x.size(0), x.size(1), 3, heads, features / heads}).permute({2, 0, 3, 1, 4});
  return {parts[0], parts[1], parts[2]};
}

// The other way: [b, positions, 3 features].
Tensor join_heads(const Tensor& q, const Tensor& k, const Tensor& v) {
  const Tensor parts = at::stack({q, k, v}, 0).permute({1, 3, 0, 2, 4});
  return parts.reshape({parts.size(0), parts.size(1), -1});
}

Tensor merged(const Tensor& o) { return o.transpose(1, 2).flatten(2); }

Tensor parted(const Tensor& g, std::int64_t heads) {
  return g.view({g.size(0), g.size(1), heads, -1}).transpose(1, 2);
}

// Each position's weights on itself and those before it.
Tensor attention_weights(const Tensor& q, const Tensor& k, double scale) {
  const std::int64_t positions = q.size(2);
  const Tensor later =
      at::ones({positions, positions}, q.options().dtype(at::kBool)).triu(/*diagonal=*/1);
  return (at::matmul(q, k.transpose(2, 3)) * scale)
      .masked_fill(later, -std::numeric_limits<double>::infinity())
      .softmax(-1);
}

// The derivative of a softmax p along ds, which is its own adjoint.
Tensor softmax_slope(const Tensor& p, const Tensor& ds) {
  return p * (ds - (p * ds).sum(-1, /*keepdim=*/true));
}

class LinearisedAttention : public LayerLinearisation {
 public:
  LinearisedAttention(const Tensor& x, std::int64_t heads)
      : heads_(heads), x_(x.contiguous()), own_(split_heads(x_, heads)) {
    scale_ = 1 / std::sqrt(static_cast<double>(own_.q.size(3)));
    Attended attended = attend(x_, heads);
    p_ = std::move(attended.weights);
    output_ = std::move(attended.output);
  }

  Tensor tangent(const Tensor& dx, const Tensors&, bool keep) override {
    if (keep) dx_ = dx;
    if (!dx.defined()) return {};
    const Heads d = split_heads(dx.contiguous(), heads_);
    return merged(at::matmul(weights_tangent(d), own_.v) + at::matmul(p_, d.v));
  }

  Tensor adjoint(const Tensor& g, const Adjoint& request) override {
    if (request.keep) g_ = g;
    if (!request.input) return {};
    return attend_adjoint(x_, p_, g);
  }

  // With P the weights, gP = g v' and gS = P o (gP - sum(P o gP)) by rows: each factor moves.
  Tensor adjoint_tangent(const Tensor& dg, const Tensors&, Tensors&, bool input) override {
    const Tensor dx = std::exchange(dx_, Tensor());
    if (!input) return {};
    Tensor result;
    if (dg.defined()) result = adjoint(dg, {.sums = nullptr, .input = true, .keep = false});
    if (!dx.defined()) return result;
    const Heads d = split_heads(dx.contiguous(), heads_);
    const Tensor go = parted(g_.contiguous(), heads_);
    const Tensor gp = at::matmul(go, own_.v.transpose(2, 3));
    const Tensor gs = softmax_slope(p_, gp);
    const Tensor dp = weights_tangent(d);
    const Tensor dgp = at::matmul(go, d.v.transpose(2, 3));
    const Tensor mean = (p_ * gp).sum(-1, true);
    const Tensor dgs =
        dp * (gp - mean) + p_ * (dgp - (dp * gp + p_ * dgp).sum(-1, /*keepdim=*/true));
    add_defined(result, join_heads(scale_ * (at::matmul(dgs, own_.k) + at::matmul(gs, d.k)),
                                   scale_ * (at::matmul(dgs.transpose(2, 3), own_.q) +
                                             at::matmul(gs.transpose(2, 3), d.q)),
                                   at::matmul(dp.transpose(2, 3), go)));
    return result;
  }

  void list_kept(Tensors& kept) const override { kept.insert(kept.end(), {x_, p_, output_, g_}); }

 private:
  Tensor weights_tangent(const Heads& d) const {
    return softmax_slope(p_, scale_ * (at::matmul(d.q, own_.k.transpose(2, 3)) +
                                       at::matmul(own_.q, d.k.transpose(2, 3))));
  }

  std::int64_t heads_;
  Tensor x_;
  Heads own_;  // views of x
  double scale_ = 1;
  Tensor p_, dx_, g_;
};

}  // namespace

Tensor CausalAttention::forward(const Tensor& input, ForwardPass&) const {
  const Heads own = split_heads(input, heads_);
  const double scale = 1 / std::sqrt(static_cast<double>(own.q.size(3)));
  return merged(at::matmul(attention_weights(own.q, own.k, scale), own.v));
}

std::unique_ptr<LayerLinearisation> CausalAttention::linearise(const Tensor& input,
                                                               ForwardPass&) const {
  return std::make_unique<LinearisedAttention>(input.detach(), heads_);
}

}  // namespace oubli
