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
// all in nats, float64, from log-probabilities, so that none is infinite for finite outputs. These
// are values for each row, computed once when first asked for and kept; matrices over the classes
// are made for the rows that are asked for, and not kept. Shapes: [n], n the rows of `dataset`, not
// a number (class -1) at rows without outputs; or [rows, classes]. One thread may use an object at
// a time.
#pragma once

#include <functional>
#include <memory>

#include "core/data/dataset.h"
#include "core/evaluate/deferred_tensor.h"
#include "core/train/objective.h"

namespace oubli {

class Predictions {
 public:
  Predictions() = default;
  // `outputs` [n, outputs], of any floating type: scores whose softmax is the prediction, or the
  // outputs of a regression.
  Predictions(std::shared_ptr<const Dataset> dataset, LossKind loss, DeferredTensor outputs);
  // The same for outputs [rows, outputs] of some rows only: int64, ascending.
  Predictions(std::shared_ptr<const Dataset> dataset, LossKind loss, DeferredTensor outputs,
              Tensor rows);

  const Dataset& dataset() const { return *dataset_; }
  LossKind loss() const { return loss_; }
  const Tensor& losses() const;

  // Of the given rows, float64. Probabilities are of classifiers only: Error(kUsage) for a
  // regression; rows without outputs: Error(kUsage).
  Tensor outputs(const Tensor& rows) const;
  Tensor log_probabilities(const Tensor& rows) const;
  Tensor probabilities(const Tensor& rows) const { return log_probabilities(rows).exp(); }

  // Of classifiers only.
  const Tensor& predicted() const;  // int64 [n]; ties go to the lowest class
  // Share of the rows that are predicted as their labels of training.
  double accuracy(const Tensor& rows) const { return accuracy(rows, dataset_->targets); }
  double accuracy(const Tensor& rows, const Tensor& labels) const;  // labels [n]
  const Tensor& confidence() const;
  const Tensor& entropy() const;
  const Tensor& modified_entropy() const;
  const Tensor& scaled_confidence() const;

 private:
  // A value of each row from its log-probabilities [b, classes] and label [b].
  using OfRows = std::function<Tensor(const Tensor& log_probabilities, const Tensor& labels)>;
  const Tensor& of_each_row(Tensor& slot, const OfRows& compute) const;
  // Calls `visit` with the outputs [b, outputs] in float64 and their rows, a part at a time.
  void visit_outputs(
      const std::function<void(const Tensor& outputs, const Tensor& rows)>& visit) const;
  void require_classes() const;
  std::int64_t count() const { return rows_.defined() ? rows_.numel() : dataset_->size(); }

  std::shared_ptr<const Dataset> dataset_;
  LossKind loss_ = LossKind::kCrossEntropy;
  DeferredTensor outputs_;
  Tensor rows_;  // undefined: all
  mutable Tensor losses_, predicted_, confidence_, entropy_, modified_entropy_, scaled_confidence_;
};

}  // namespace oubli
