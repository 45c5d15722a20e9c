#include "core/curvature/operator_algebra.h"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/base/error.h"

namespace oubli {
namespace {

constexpr double kEpsilon = std::numeric_limits<double>::epsilon();

void require(bool condition, const std::string& message) {
  if (!condition) throw Error(ErrorKind::kUsage, message);
}

class WeightedSum : public LinearOperator {
 public:
  explicit WeightedSum(std::vector<WeightedOperator> terms) : terms_(std::move(terms)) {
    require(!terms_.empty(), "a weighted sum of operators needs at least one of them");
    dim_ = terms_.front().matrix->dim();
    for (const WeightedOperator& term : terms_) {
      require(term.matrix->dim() == dim_,
              fmt::format("operators of sizes {} and {} have no sum", dim_, term.matrix->dim()));
    }
    std::erase_if(terms_, [](const WeightedOperator& term) { return term.weight == 0; });
  }
  std::int64_t dim() const override { return dim_; }
  Tensor apply(const Tensor& v) const override {
    Tensor result = at::zeros_like(v);
    for (const auto& [weight, matrix] : terms_) result.add_(matrix->apply(v), weight);
    return result;
  }
  std::optional<double> eigenvalue_floor() const override {
    double sum = 0;
    for (const auto& [weight, matrix] : terms_) {
      const std::optional<double> floor = matrix->eigenvalue_floor();
      if (weight < 0 || !floor) return std::nullopt;
      sum += weight * *floor;
    }
    return sum;
  }
  double column_cost() const override {
    double cost = 0;
    for (const WeightedOperator& term : terms_) cost += term.matrix->column_cost();
    return cost;
  }
  std::string describe() const override {
    if (terms_.empty()) return fmt::format("the zero matrix of size {}", dim_);
    std::vector<std::string> parts;
    for (const auto& [weight, matrix] : terms_) {
      parts.push_back(fmt::format("{:.3g} ({})", weight, matrix->describe()));
    }
    return fmt::format("{}", fmt::join(parts, " + "));
  }

 private:
  std::vector<WeightedOperator> terms_;
  std::int64_t dim_ = 0;
};

class Shifted : public DampedOperator {
 public:
  Shifted(OperatorPtr base, double shift) : DampedOperator(*base, shift), owned_(std::move(base)) {}

 private:
  OperatorPtr owned_;
};

class Restricted : public LinearOperator {
 public:
  Restricted(OperatorPtr base, const std::vector<IndexRange>& ranges) : base_(std::move(base)) {
    std::vector<Tensor> pieces;
    Tensor taken = at::zeros({base_->dim()}, at::kLong);
    for (const IndexRange& range : ranges) {
      require(range.begin >= 0 && range.size >= 0 && range.begin + range.size <= base_->dim(),
              fmt::format("the range of {} entries from {} leaves the vector of {}", range.size,
                          range.begin, base_->dim()));
      pieces.push_back(at::arange(range.begin, range.begin + range.size, at::kLong));
      taken.narrow(0, range.begin, range.size).add_(1);
    }
    require(!pieces.empty(), "a restriction needs at least one range");
    require(taken.max().item<std::int64_t>() <= 1, "the ranges of a restriction overlap");
    index_ = at::cat(pieces);
    require(index_.numel() > 0, "a restriction needs at least one entry");
  }
  std::int64_t dim() const override { return index_.numel(); }
  Tensor apply(const Tensor& v) const override {
    const Tensor whole = at::zeros({base_->dim(), v.size(1)}, at::kDouble);
    return base_->apply(whole.index_copy(0, index_, v)).index_select(0, index_);
  }
  std::optional<double> eigenvalue_floor() const override { return base_->eigenvalue_floor(); }
  double column_cost() const override { return base_->column_cost(); }
  std::string describe() const override {
    return fmt::format("{} of {} rows and columns of {}", dim(), base_->dim(), base_->describe());
  }

 private:
  OperatorPtr base_;
  Tensor index_;
};

class BlockDiagonal : public LinearOperator {
 public:
  explicit BlockDiagonal(std::vector<OperatorPtr> blocks) : blocks_(std::move(blocks)) {
    require(!blocks_.empty(), "a block-diagonal operator needs at least one block");
    for (const OperatorPtr& block : blocks_) dim_ += block->dim();
  }
  std::int64_t dim() const override { return dim_; }
  Tensor apply(const Tensor& v) const override {
    Tensor result = at::empty_like(v);
    std::int64_t begin = 0;
    for (const OperatorPtr& block : blocks_) {
      result.narrow(0, begin, block->dim()).copy_(block->apply(v.narrow(0, begin, block->dim())));
      begin += block->dim();
    }
    return result;
  }
  std::optional<double> eigenvalue_floor() const override {
    double smallest = std::numeric_limits<double>::infinity();
    for (const OperatorPtr& block : blocks_) {
      const std::optional<double> floor = block->eigenvalue_floor();
      if (!floor) return std::nullopt;
      smallest = std::min(smallest, *floor);
    }
    return smallest;
  }
  double column_cost() const override {
    double cost = 0;
    for (const OperatorPtr& block : blocks_) cost += block->column_cost();
    return cost;
  }
  std::string describe() const override {
    return fmt::format("{} diagonal blocks, together of size {}", blocks_.size(), dim_);
  }

 private:
  std::vector<OperatorPtr> blocks_;
  std::int64_t dim_ = 0;
};

class Diagonal : public LinearOperator {
 public:
  explicit Diagonal(Tensor entries) : entries_(std::move(entries)) {
    require(entries_.dim() == 1 && entries_.numel() > 0, "a diagonal is a vector of entries");
    smallest_ = entries_.min().item<double>();
  }
  std::int64_t dim() const override { return entries_.numel(); }
  Tensor apply(const Tensor& v) const override { return v * entries_.unsqueeze(1); }
  std::optional<double> eigenvalue_floor() const override {
    return std::isfinite(smallest_) ? std::optional(smallest_) : std::nullopt;
  }
  std::string describe() const override { return fmt::format("a diagonal of size {}", dim()); }

 private:
  Tensor entries_;
  double smallest_ = 0;
};

class LowRank : public LinearOperator {
 public:
  LowRank(Tensor u, Tensor d, double shift)
      : u_(std::move(u)), d_(std::move(d)), floor_(shift), shift_(shift) {
    require(u_.dim() == 2 && d_.dim() == 1 && u_.size(1) == d_.numel(),
            "a low-rank operator is made from U [dim, r] and d [r]");
    floor_ += (d_.clamp_max(0) * u_.square().sum(0)).sum().item<double>();
  }
  std::int64_t dim() const override { return u_.size(0); }
  Tensor apply(const Tensor& v) const override {
    return u_.mm(u_.t().mm(v) * d_.unsqueeze(1)).add_(v, shift_);
  }
  std::optional<double> eigenvalue_floor() const override {
    return std::isfinite(floor_) ? std::optional(floor_) : std::nullopt;
  }
  std::string describe() const override {
    return fmt::format("rank {} + {:.3g} I of size {}", d_.numel(), shift_, dim());
  }

 private:
  Tensor u_;
  Tensor d_;
  double floor_;
  double shift_;
};

class Spectral : public LinearOperator {
 public:
  Spectral(Tensor w, Tensor inside, double outside)
      : w_(std::move(w)), inside_(std::move(inside)), outside_(outside) {
    require(w_.dim() == 2 && inside_.dim() == 1 && w_.size(1) == inside_.numel(),
            "a spectral operator is made from W [dim, r] and r eigenvalues");
    smallest_ = w_.size(1) < w_.size(0) ? outside_ : std::numeric_limits<double>::infinity();
    if (inside_.numel() > 0) smallest_ = std::min(smallest_, inside_.min().item<double>());
  }
  std::int64_t dim() const override { return w_.size(0); }
  Tensor apply(const Tensor& v) const override {
    const Tensor within = w_.t().mm(v);
    Tensor rest = v - w_.mm(within);
    // Projected twice: what rounding left inside the span would be weighted as if it were outside.
    rest -= w_.mm(w_.t().mm(rest));
    return w_.mm(within * inside_.unsqueeze(1)).add_(rest, outside_);
  }
  std::optional<double> eigenvalue_floor() const override {
    return std::isfinite(smallest_) ? std::optional(smallest_) : std::nullopt;
  }
  std::string describe() const override {
    return fmt::format("{} eigenvalues and {:.3g} outside their span, of size {}", inside_.numel(),
                       outside_, dim());
  }

 private:
  Tensor w_;
  Tensor inside_;
  double outside_;
  double smallest_ = 0;
};

}  // namespace

OperatorPtr weighted_sum(std::vector<WeightedOperator> terms) {
  return std::make_shared<WeightedSum>(std::move(terms));
}

OperatorPtr scaled(OperatorPtr matrix, double factor) {
  return weighted_sum({{factor, std::move(matrix)}});
}

OperatorPtr shifted(OperatorPtr matrix, double shift) {
  return std::make_shared<Shifted>(std::move(matrix), shift);
}

OperatorPtr restricted(OperatorPtr matrix, std::vector<IndexRange> ranges) {
  return std::make_shared<Restricted>(std::move(matrix), ranges);
}

OperatorPtr block_diagonal(std::vector<OperatorPtr> blocks) {
  return std::make_shared<BlockDiagonal>(std::move(blocks));
}

OperatorPtr diagonal_operator(Tensor entries) {
  return std::make_shared<Diagonal>(std::move(entries));
}

OperatorPtr low_rank(Tensor u, Tensor d, double shift) {
  return std::make_shared<LowRank>(std::move(u), std::move(d), shift);
}

OperatorPtr low_rank_inverse(const Tensor& u, const Tensor& d, double shift) {
  require(u.dim() == 2 && d.dim() == 1 && u.size(1) == d.numel() && d.numel() > 0,
          "the inverse of a low-rank operator is made from U [dim, r] and d [r], r > 0");
  const auto [q, r] = at::linalg_qr(u);
  const Tensor core = (r * d.unsqueeze(0)).mm(r.t());
  const auto [computed, v] = at::linalg_eigh((core + core.t()) / 2);
  // Eigenvalues that are rounding are zero: beside a small shift they would decide the inverse.
  const double rounding = static_cast<double>(d.numel()) * kEpsilon;
  const Tensor e =
      computed.masked_fill(computed.abs() <= rounding * computed.abs().max(), at::Scalar(0.0));
  const Tensor inside = e + shift;
  const bool singular_inside =
      (inside.abs() <= rounding * e.abs().clamp_min(std::abs(shift))).any().item<bool>();
  if (singular_inside || (shift == 0 && q.size(1) < q.size(0))) {
    throw Error(ErrorKind::kNumerics,
                fmt::format("the low-rank matrix of rank at most {} and size {} plus {:.3g} I is "
                            "singular. Use a larger shift.",
                            d.numel(), u.size(0), shift));
  }
  return spectral(q.mm(v), inside.reciprocal(), shift != 0 ? 1 / shift : 0);
}

OperatorPtr spectral(Tensor w, Tensor inside, double outside) {
  return std::make_shared<Spectral>(std::move(w), std::move(inside), outside);
}

}  // namespace oubli
