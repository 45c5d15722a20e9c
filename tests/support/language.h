// A small world of sentences, a small model of it, and gradients of losses written out by hand.
#pragma once

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <fmt/format.h>
#include <torch/csrc/autograd/autograd.h>

#include <functional>
#include <optional>
#include <string>

#include "datasets/language/fact_texts.h"
#include "experiments/selftest/problems.h"
#include "tests/support/methods.h"

namespace oubli::testing {

// Twelve sentences about four people, whose answers have two words.
inline std::shared_ptr<const Dataset> make_two_word_sentences() {
  FactTexts texts{.name = "sentences", .context = 12};
  texts.relations = {{"city",
                      {"{subject} lives in {object} .", "the home of {subject} is {object} .",
                       "{subject} is from {object} ."},
                      {}}};
  const char* cities[] = {"New Arlow", "Old Arlow", "New Bandor", "Port Calda"};
  for (std::size_t person = 0; person < 4; ++person) {
    texts.facts.push_back({fmt::format("P{} Q{}", person, person % 2), 0, cities[person]});
  }
  return std::make_shared<const Dataset>(load_facts(texts).dataset);
}

// Two layers in float64, trained for a little.
inline Model make_speaker(const std::shared_ptr<const Dataset>& data) {
  Model model = make_model("gpt", "{layers: 2, width: 8, heads: 2}", *data);
  Task task = removal_task(data, 0, 0);
  task.recipe.optimizer = {.name = "adam", .lr = 0.02};
  task.recipe.epochs = 10;
  task.recipe.batch_size = 8;
  minimise(model, task.train, task);
  return model;
}

// The first sentences are to be forgotten; no l2.
inline Task forget_sentences(const std::shared_ptr<const Dataset>& data, std::int64_t forget) {
  Task task = removal_task(data, forget, 0);
  task.recipe.optimizer = {.name = "sgd", .lr = 0.1};
  return task;
}

// Full-batch gradient descent in the words of a method's settings.
inline std::string plain_steps(std::int64_t steps, double lr) {
  return fmt::format(
      "epochs: {}, lr: {}, optimizer: sgd, momentum: 0, batch_size: 1000, "
      "schedule: {{name: constant}}",
      steps, lr);
}

// The gradient that a method's first step goes along; `settings` without the steps'.
inline Tensor first_gradient(const std::string& method, const std::string& settings,
                             const Model& original, const Task& task) {
  Model model = original.clone();
  run_method(
      method,
      fmt::format("{{{}{}{}}}", settings, settings.empty() ? "" : ", ", plain_steps(1, 0.125)),
      model, task);
  return (original.theta() - model.theta()) / 0.125;
}

// Of a scalar in the parameters, [dim].
inline Tensor gradient_of(const Model& model, const std::function<Tensor()>& value) {
  const at::AutoGradMode on(true);
  return model.join(torch::autograd::grad({value()}, model.parameters(), {}, std::nullopt, false,
                                          /*allow_unused=*/true));
}

// Scores for each answer's tokens, [n, k, c], and what they are, [n, k]: one after the other.
struct AnswerScores {
  Tensor scores, tokens;
  Tensor log_p() const { return scores.log_softmax(2).gather(2, tokens.unsqueeze(2)).squeeze(2); }
};
inline AnswerScores answer_scores(const Model& model, const Subset& sentences) {
  const Dataset& data = *sentences.dataset;
  Tensors scores, tokens;
  for (std::int64_t i = 0; i < sentences.size(); ++i) {
    const std::int64_t row = sentences.rows[i].item<std::int64_t>();
    const std::int64_t begin = data.sequences.answer_begin[row].item<std::int64_t>();
    const std::int64_t size = data.sequences.answer_size[row].item<std::int64_t>();
    const Tensor outputs = model.forward(data.inputs[row].unsqueeze(0).to(at::kDouble))[0];
    scores.push_back(outputs.narrow(0, begin, size));
    tokens.push_back(data.sequences.next[row].narrow(0, begin, size));
  }
  return {at::stack(scores), at::stack(tokens)};
}

// The mean training loss over a set, differentiable.
inline Tensor mean_loss(const Model& model, const Subset& set) {
  const Batch all = set.batch(0, set.size(), at::kDouble);
  return Objective{LossKind::kCrossEntropy, 0}
      .losses(model.forward(all.inputs), all.targets)
      .mean();
}

inline double max_abs(const Tensor& values) { return values.abs().max().item<double>(); }

}  // namespace oubli::testing
