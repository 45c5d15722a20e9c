// Predictions: the stored outputs of one model, and what metrics and attacks derive from them.
//
// Everything here is a value for each row, computed once when first asked for. With f the outputs
// of a classifier, p = softmax(f) and y the label that the model was trained with:
//
//   loss               -ln p_y                        (of a regression ||f - y||^2 / 2)
//   confidence         p_y
//   entropy            -sum_c p_c ln p_c
//   modified entropy   -(1 - p_y) ln p_y - sum_{c != y} p_c ln(1 - p_c)     (Song and Mittal 2021)
//   scaled confidence  ln p_y - ln sum_{c != y} p_c                         (Carlini et al. 2022)
//
// all in nats, float64, from log-probabilities, so that none is infinite for finite outputs.
// Shapes: [n] or [n, classes], n the rows of `dataset`. One thread may use an object at a time.
#pragma once

#include <memory>

#include "core/data/dataset.h"
#include "core/train/objective.h"

namespace oubli {

class Predictions {
 public:
  Predictions() = default;
  // `outputs` [n, outputs], converted to float64: scores whose softmax is the prediction, or the
  // outputs of a regression.
  Predictions(std::shared_ptr<const Dataset> dataset, LossKind loss, const Tensor& outputs);
  // The same for outputs [rows, outputs] of some rows only; zero elsewhere.
  static Predictions at_rows(std::shared_ptr<const Dataset> dataset, LossKind loss,
                             const Tensor& outputs, const Tensor& rows);

  const Dataset& dataset() const { return *dataset_; }
  LossKind loss() const { return loss_; }
  const Tensor& outputs() const { return outputs_; }
  const Tensor& losses() const;

  // Of classifiers only; Error(kUsage) for a regression.
  const Tensor& log_probabilities() const;
  const Tensor& probabilities() const;
  const Tensor& predicted() const;  // int64 [n]; ties go to the lowest class
  // Share of the rows that are predicted as their labels of training.
  double accuracy(const Tensor& rows) const { return accuracy(rows, dataset_->targets); }
  double accuracy(const Tensor& rows, const Tensor& labels) const;  // labels [n]
  const Tensor& confidence() const;
  const Tensor& entropy() const;
  const Tensor& modified_entropy() const;
  const Tensor& scaled_confidence() const;

 private:
  template <typename Compute>
  const Tensor& cached(Tensor& slot, Compute compute) const;

  std::shared_ptr<const Dataset> dataset_;
  LossKind loss_ = LossKind::kCrossEntropy;
  Tensor outputs_;
  mutable Tensor losses_, log_probabilities_, probabilities_, predicted_, confidence_, entropy_,
      modified_entropy_, scaled_confidence_;
};

}  // namespace oubli
