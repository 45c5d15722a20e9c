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
//
// Of sequences the outputs are those where the answer begins, and the label is the answer's first
// token. Loss, confidence and prediction are about the whole answer a_1 .. a_k behind what stands
// before it:
//
//   loss        -(1 / k) sum_j ln p(a_j | before, a_1 .. a_{j-1})
//   confidence  exp(-loss), the probability of TOFU (Maini et al. 2024)
//   predicted   the label where every token of the answer is the most probable one, which is when
//               free greedy generation says the answer; else the token that begins what is said,
//               or -1 where that is right and what follows is wrong
//
// so that accuracy is the share of answers that are recalled. Entropy, modified entropy and scaled
// confidence are of the first token.
#pragma once

#include <functional>
#include <memory>

#include "core/data/dataset.h"
#include "core/evaluate/deferred_tensor.h"
#include "core/train/objective.h"

namespace oubli {

// What a model says of some rows.
struct ModelOutputs {
  Tensor outputs;  // [rows, outputs]: scores whose softmax is the prediction, or of a regression
  // Of sequences, at each position, given what truly stands before it:
  Tensor token_losses = {};  // float [rows, positions], -ln p of what comes next; 0 where not asked
  Tensor said = {};          // int32 [rows, positions], the most probable token
  // And what it says by itself where the answer should stand, greedily, as many tokens as the
  // answer has: int32 [rows, tokens of the longest answer], -1 behind.
  Tensor generated = {};
};

// Of every example of the subset, evaluation mode.
ModelOutputs model_outputs(const Model& model, const Subset& subset, const Objective& objective,
                           CostMeter& cost);

class Predictions {
 public:
  Predictions() = default;
  // `outputs` [n, outputs], of any floating type: scores whose softmax is the prediction, or the
  // outputs of a regression.
  Predictions(std::shared_ptr<const Dataset> dataset, LossKind loss, DeferredTensor outputs);
  // The same for outputs [rows, outputs] of some rows only: int64, ascending.
  Predictions(std::shared_ptr<const Dataset> dataset, LossKind loss, DeferredTensor outputs,
              Tensor rows);
  // Of a model as it is.
  Predictions(std::shared_ptr<const Dataset> dataset, LossKind loss, const ModelOutputs& outputs,
              const Tensor& rows);

  // What sequences have besides, of the same rows as the outputs.
  void set_tokens(DeferredTensor token_losses, DeferredTensor said, DeferredTensor generated);
  // Of the given rows: float64 and int64 [rows, positions]. Of sequences only: Error(kUsage).
  Tensor token_losses(const Tensor& rows) const;
  Tensor said(const Tensor& rows) const;
  Tensor generated(const Tensor& rows) const;  // int64 [rows, tokens of the longest answer]
  // Whether greedy generation says the answer: bool [rows].
  Tensor recalled(const Tensor& rows) const;

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
  // `all` has a row for each of those with outputs.
  Tensor rows_of(const Tensor& all, const Tensor& rows) const;
  Tensor rows_with_outputs() const;
  Tensor scattered(const Tensor& values, double missing) const;
  const Tensor& answer_losses() const;
  std::int64_t count() const { return rows_.defined() ? rows_.numel() : dataset_->size(); }

  std::shared_ptr<const Dataset> dataset_;
  LossKind loss_ = LossKind::kCrossEntropy;
  DeferredTensor outputs_, token_losses_, said_, generated_;
  Tensor rows_;  // undefined: all
  mutable Tensor losses_, predicted_, confidence_, entropy_, modified_entropy_, scaled_confidence_;
};

}  // namespace oubli
