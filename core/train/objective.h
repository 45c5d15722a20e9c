// The function that training minimises and that every Newton step, certificate and report speaks
// of: mean loss over a set plus (lambda / 2) * ||theta||^2, over all parameters.
//
//   J(theta; S) = (1 / sum_i w_i) sum_{i in S} w_i l(f(x_i; theta), y_i) + (l2 / 2) ||theta||^2
//
// where w_i is 1 unless the subset carries sample weights. This is the MEAN family: when points
// leave, the regulariser keeps its strength relative to the mean.
//
// An example that is a sequence has outputs [t, c] and targets [t], a class at each position or
// kNoTarget where nothing is asked. Its loss is the mean of those that are asked:
//
//   l = (1 / k) sum_{t: y_t asked} -ln softmax(f_t)_{y_t},   k of them
//
// so that a sentence counts as much as another, whatever their lengths. Cross-entropy only; every
// function below takes such outputs [b, t, c] and targets [b, t] too.
//
// Sums run in float64 and are weighted by samples, so a value or gradient does not depend on how
// the set is cut into batches. Cost: one sample-gradient for each example.
#pragma once

#include <string>

#include "core/base/context.h"
#include "core/base/tensor.h"
#include "core/data/dataset.h"
#include "core/nn/model.h"

namespace oubli {

enum class LossKind {
  kCrossEntropy,    // -log softmax(f)_y
  kSquaredError,    // ||f - y||^2 / 2
  kBinaryLogistic,  // log(1 + exp(-s f)), s = 1 for class 1 and -1 for class 0: one output
  kOneAgainstRest,  // sum_k log(1 + exp(-s_k f_k)), s_k = 1 for the label and -1 for the others
};

struct Objective {
  LossKind loss = LossKind::kCrossEntropy;
  double l2 = 0;

  // Loss of each example [b], differentiable, second derivatives included.
  Tensor losses(const Tensor& outputs, const Tensor& targets) const;
  // A v for each example, with A the Hessian of the loss in the outputs: diag(p) - p p' for
  // cross-entropy, the identity for the squared error, p (1 - p) of each output for the logistic
  // losses, p its sigmoid. outputs, v: [b, c]. Of the targets it takes where something is asked.
  Tensor output_hessian_product(const Tensor& outputs, const Tensor& targets,
                                const Tensor& v) const;
  // The gradient of each example's loss in its outputs: softmax minus one-hot, f - y, or sigmoid
  // minus class or one-hot. [b, c]
  Tensor output_gradients(const Tensor& outputs, const Tensor& targets) const;
  // The same for targets drawn from the model: classes from the softmax, or f plus noise of unit
  // variance. The mean of their outer products is A: of a sequence, whose positions are drawn each
  // by itself, they are scaled by the root of k for it. `noise`: as draw_noise gives it, a row for
  // each example: float64 [n, 1] uniform for classes ([n, c] for one against rest, whose outputs
  // are drawn each by itself; [n, t] for sequences), [n, c] normal for the squared error.
  Tensor drawn_output_gradients(const Tensor& outputs, const Tensor& targets,
                                const Tensor& noise) const;
  // For n examples like those that have these outputs.
  Tensor draw_noise(std::int64_t n, const Tensor& outputs, Generator& generator) const;
  // Columns s_1 .. s_c, each [b, c], with sum_k s_k s_k' = A exactly; one for the binary loss, and
  // t c for sequences.
  Tensors output_hessian_factors(const Tensor& outputs, const Tensor& targets) const;
  std::int64_t hessian_factors_for(const Dataset& dataset) const;  // how many
  // Outputs that a model of this data set needs: its classes or targets, or one.
  std::int64_t outputs_for(const Dataset& dataset) const;
  // Outputs as a score for each class, whose softmax is the prediction: [0, f] for the binary
  // logistic loss, which is cross-entropy on them; log sigmoid f for one against rest, so that the
  // prediction is sigmoid f over its sum; the outputs themselves for the others.
  Tensor class_scores(const Tensor& outputs) const;
  // The loss that fits class_scores.
  LossKind loss_of_scores() const {
    return loss == LossKind::kSquaredError ? loss : LossKind::kCrossEntropy;
  }
  // True where the loss has this kind of target; the wrong kind is an error at configuration.
  bool fits(const Dataset& dataset) const;
};

// Scores [n, classes], or log-probabilities, with that of each row's label at minus infinity.
Tensor without_label(const Tensor& scores, const Tensor& labels);

// How many examples go through the model at once where the result does not depend on it.
constexpr std::int64_t kEvaluationBatch = 512;

struct ObjectiveValue {
  double loss = 0;       // mean loss, without the regulariser
  double objective = 0;  // with it
  Tensor gradient;       // of the objective, float64 [dim]; undefined where not asked for

  bool finite() const;
};

// Throws Error(kUsage) on an empty subset: the mean over nothing is no number.
ObjectiveValue value_and_gradient(const Model& model, const Subset& subset,
                                  const Objective& objective, CostMeter& cost,
                                  std::int64_t batch_size = kEvaluationBatch);
ObjectiveValue value_only(const Model& model, const Subset& subset, const Objective& objective,
                          CostMeter& cost, std::int64_t batch_size = kEvaluationBatch);

// Outputs of the model for every example [n, outputs], evaluation mode, in the model's type; of
// sequences those at the position where the answer begins.
Tensor predict(const Model& model, const Subset& subset, CostMeter& cost,
               std::int64_t batch_size = kEvaluationBatch);

}  // namespace oubli
