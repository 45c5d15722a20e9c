// What all curvature matrices of a data set share: they are sums over examples of products with the
// derivatives of the model at one theta, known by what they do to vectors.
//
//   M V = (1 / sum_i w_i) sum_i w_i M_i V + lambda V
//
// The model is linearised once for each micro-batch (linearisation.h) and that is kept and used
// again by every product and every column, while it fits `memory` and `cache`; micro-batches past
// them are linearised anew for each call of apply(), once for all of its columns. Both ways do the
// same arithmetic in the same order: the result does not depend on either. `memory` also says what
// is counted as kept: the cost is that of a machine that has as much, whatever `cache` leaves.
//
// Sums run in float64 and are weighted by samples, so a product does not depend on how the set is
// cut into batches, and n H = m H_forget + (n - m) H_retain.
//
// An operator is that of the theta at its construction: it keeps a copy, and later changes of the
// model do not reach it. Not safe to apply from two threads at once.
//
// Checked when it is linearised, Error(kNumerics): a non-finite loss of an example; at the first
// micro-batch, a forward pass that does not repeat itself. A non-finite product throws
// Error(kNumerics), an empty set Error(kUsage).
#pragma once

#include <ATen/TensorOperators.h>

#include <limits>

#include "core/base/context.h"
#include "core/curvature/linear_operator.h"
#include "core/train/objective.h"

namespace oubli {

constexpr std::int64_t kLinearisationMemory = 1'000'000'000;

struct DataOperatorOptions {
  std::int64_t batch_size = kEvaluationBatch;
  // Bytes for linearisations that are kept.
  std::int64_t memory = kLinearisationMemory;
  // Bytes that there are for it in fact.
  std::int64_t cache = std::numeric_limits<std::int64_t>::max();
};

class DataOperator : public LinearOperator {
 public:
  ~DataOperator() override;
  std::int64_t dim() const override { return model_.dim(); }
  Tensor apply(const Tensor& v) const override;
  double column_cost() const override;
  double precision() const override { return epsilon_of(model_.dtype()); }

  // Bytes that are kept at present, and micro-batches of how many.
  std::int64_t kept_bytes() const { return kept_.bytes; }
  std::int64_t kept_batches() const { return kept_.batches; }
  std::int64_t batches() const;
  // Names of the parameters whose layers have no rules and are differentiated automatically.
  std::vector<std::string> parameters_without_rules() const;

 protected:
  // `identity`: lambda. `cost` is referred to and must outlive the operator.
  DataOperator(const Model& model, const Subset& subset, const Objective& objective,
               CostMeter& cost, const DataOperatorOptions& options, double identity);

  // One micro-batch, linearised.
  struct Piece {
    std::unique_ptr<LayerLinearisation> net;
    Tensor outputs;           // [b, c], or [b, t, c] of sequences
    Tensor targets;           // as in Batch
    Tensor weights;           // [b], or undefined for all ones
    Tensor output_gradients;  // of the loss, as the outputs, where prepare() keeps them
  };
  // Called once for each linearised micro-batch; `begin` is its first example.
  virtual void prepare(Piece& piece, std::int64_t begin) const = 0;
  // Adds sum_i w_i M_i v to `sums`, v and sums shaped as the parameters.
  virtual void add_product(Piece& piece, const Tensors& v, Tensors& sums) const = 0;
  // Layer products for each example, as CostMeter counts them: of prepare(), and of one column.
  virtual double prepare_products() const = 0;
  virtual double column_products() const = 0;

  const Objective& objective() const { return objective_; }
  // w * u by example.
  static Tensor weighted(const Piece& piece, const Tensor& u) {
    return piece.weights.defined() ? u * by_example(piece.weights, u) : u;
  }
  double identity() const { return identity_; }
  bool has_negative_weights() const;

 private:
  Piece linearise(std::int64_t begin) const;
  void require_repeatable(const Piece& piece, const Batch& batch) const;

  Model model_;
  Subset subset_;
  Objective objective_;
  CostMeter& cost_;
  std::int64_t batch_size_;
  std::int64_t memory_;
  std::int64_t cache_;
  double identity_;
  // The first micro-batches that are, and that count as, kept, so that their order is the set's.
  struct Kept {
    std::int64_t batches = 0;
    std::int64_t bytes = 0;
    bool is_full = false;
    // Takes one more micro-batch if it fits.
    bool take(std::int64_t number, std::int64_t size, std::int64_t limit);
  };
  mutable std::vector<Piece> pieces_;
  mutable Kept kept_;
  mutable Kept counted_;
  mutable bool repeats_ = false;
};

}  // namespace oubli
