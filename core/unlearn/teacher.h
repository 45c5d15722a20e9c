// Learning from another model's outputs.
#pragma once

#include "core/base/context.h"
#include "core/train/loss_term.h"
#include "core/train/objective.h"

namespace oubli {

// A frozen model that a student learns from or is driven away from.
class Teacher {
 public:
  // A copy: what happens to `model` afterwards does not reach it.
  explicit Teacher(const Model& model) : model_(model.clone()) {}

  const Model& model() const { return model_; }
  // [b, outputs], evaluation mode. Cost: a forward pass for each example.
  Tensor outputs(const Batch& batch, Context& context) const;

 private:
  Model model_;
};

// How far a student's outputs are from given ones, for each example [b]; differentiable in the
// student's, 0 with a gradient of 0 where both are equal.
//
//   classes      T^2 KL( softmax(given / T) || softmax(outputs / T) )
//   regression   ||given - outputs||^2 / 2, the same for Gaussians of unit variance at T = 1
//   sequences    the mean of that of classes over the positions where `targets`, the batch's, ask
//                something; Error(kUsage) without them
//
// Source: Hinton et al. 2015 (arXiv 1503.02531), whose T^2 keeps the gradient's size.
Tensor divergence(const Objective& objective, const Tensor& given, const Tensor& outputs,
                  double temperature = 1, const Tensor& targets = {});

// Cross-entropy to probabilities q [b, classes] that sum to 1 in each row, minus their entropy, so
// that it is KL(q || softmax(outputs)). Classes only.
Tensor divergence_to(const Objective& objective, const Tensor& probabilities,
                     const Tensor& outputs);

}  // namespace oubli
