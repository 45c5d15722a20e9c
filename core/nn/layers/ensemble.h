// Several copies of one network side by side, as one network: each sees the whole input, and their
// outputs are joined. Its parameters are those of copy 0, then those of copy 1, ..., so a model of
// it has one theta like any other, of which copy k is the k-th part.
//
// With z_k the outputs of copy k of S, of C classes:
//
//   mean   scores: log (1/S) sum_k softmax(z_k), whose softmax is the mean of the predictions
//          a margin: log p - log (1 - p), p = (1/S) sum_k sigmoid(z_k);   numbers: their mean
//   vote   scores: log ((v_c + 1/C) / (S + 1)), v_c the copies whose largest score is that of c
//          a margin: log ((v_1 + 1/2) / (v_0 + 1/2)), a copy voting for 1 where z_k > 0
//
// 1/C for each class is one voter more who cannot decide: losses of a class that no copy votes for
// stay finite, and who wins does not change. A tie gives equal scores, of which the lowest label is
// taken, by a copy as by whoever reads the outputs.
//
// Votes have no derivative but zero; in training mode, where one is needed, copies are joined by
// the mean. There are no rules: derivatives are automatic (automatic_linearisation.h). Copies are
// meant to be trained one by one (core/nn/ensemble.h), which keeps the rules of their layers.
//
// Errors: Error(kUsage) for a vote about numbers. Cost: S passes of a copy, counted as one of the
// network.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "core/nn/layer.h"

namespace oubli {

enum class Joining { kMean, kVote };
std::string to_string(Joining joining);

// What the outputs of a network are: a score for each class, the margin of class 1 over class 0,
// or numbers.
enum class OutputKind { kScores, kMargin, kNumbers };

// The joined outputs [b, c] of several, each [b, c].
Tensor join_outputs(const Tensors& outputs, Joining joining, OutputKind kind);

class Ensemble : public Layer {
 public:
  // `copy` was built with `table`.
  Ensemble(std::shared_ptr<const Layer> copy, std::shared_ptr<const ParameterTable> table,
           std::int64_t copies, Joining joining, OutputKind kind);

  Tensor forward(const Tensor& input, ForwardPass& pass) const override;

  std::int64_t copies() const { return copies_; }
  const std::shared_ptr<const Layer>& copy() const { return copy_; }
  const std::shared_ptr<const ParameterTable>& table_of_copy() const { return table_; }

 private:
  std::shared_ptr<const Layer> copy_;
  std::shared_ptr<const ParameterTable> table_;
  std::int64_t copies_;
  Joining joining_;
  OutputKind kind_;
};

}  // namespace oubli
