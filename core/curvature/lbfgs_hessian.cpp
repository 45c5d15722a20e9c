#include "core/curvature/lbfgs_hessian.h"

#include <ATen/ATen.h>

#include "core/base/error.h"

namespace oubli {
namespace {

Tensor with_newest(const Tensor& kept, const Tensor& newest, std::int64_t most) {
  const Tensor row = newest.unsqueeze(0);
  if (!kept.defined()) return row.clone();
  const std::int64_t left = std::min(kept.size(0), most - 1);
  return at::cat({kept.narrow(0, kept.size(0) - left, left), row});
}

}  // namespace

bool LbfgsHessian::add(const Tensor& s, const Tensor& y) {
  const double curved = s.dot(y).item<double>();
  if (!(curved > 1e-10 * (s.norm() * y.norm()).item<double>())) return false;
  s_ = with_newest(s_, s, pairs_);
  y_ = with_newest(y_, y, pairs_);
  return true;
}

Tensor LbfgsHessian::times(const Tensor& v) const {
  if (empty()) throw Error(ErrorKind::kUsage, "there is no pair to make a Hessian of");
  const Tensor products = s_.mm(y_.t());  // s_i'y_j
  const std::int64_t newest = s_.size(0) - 1;
  const Tensor sigma = products[newest][newest] / s_[newest].square().sum();
  const Tensor d = products.diagonal().diag();
  const Tensor lower = products.tril(-1);
  const Tensor m =
      at::cat({at::cat({-d, lower.t()}, 1), at::cat({lower, sigma * s_.mm(s_.t())}, 1)});
  const Tensor right = at::cat({y_.mv(v), sigma * s_.mv(v)});
  // A singular matrix is no exception here: what comes out is not finite.
  const Tensor weights = std::get<0>(at::linalg_solve_ex(m, right));
  const Tensor of_y = weights.narrow(0, 0, newest + 1);
  const Tensor of_s = weights.narrow(0, newest + 1, newest + 1);
  return sigma * v - y_.t().mv(of_y) - sigma * s_.t().mv(of_s);
}

double LbfgsHessian::steepest() const {
  return empty() ? 0 : (y_.norm(2, {1}) / s_.norm(2, {1})).max().item<double>();
}

}  // namespace oubli
