// A small world of facts in sentences, and what made-up models say of them.
#pragma once

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/evaluate/metric.h"
#include "datasets/language/fact_texts.h"
#include "tests/support/metric_values.h"

namespace oubli::testing {

// Relations `city` (0) and `field` (1), each in two wordings that are trained on and one that is
// held out.
inline FactTexts told_texts(std::vector<Fact> facts) {
  FactTexts texts{.name = "told"};
  texts.relations = {{"city",
                      {"{subject} lives in {object} .", "the home of {subject} is {object} ."},
                      {"the town of {subject} is {object} ."}},
                     {"field",
                      {"{subject} studies {object} .", "the subject of {subject} is {object} ."},
                      {"the field of {subject} is {object} ."}}};
  texts.facts = std::move(facts);
  return texts;
}

inline std::shared_ptr<const Dataset> told_facts(std::vector<Fact> facts) {
  return std::make_shared<const Dataset>(load_facts(told_texts(std::move(facts))).dataset);
}

// Rows that have this text in a column.
inline Tensor rows_where(const Dataset& data, const char* column, const std::string& text) {
  std::vector<std::int64_t> rows;
  for (std::int64_t row = 0; row < data.size(); ++row) {
    if (data.columns.at(column).text(row) == text) rows.push_back(row);
  }
  return at::tensor(rows, at::kLong);
}

inline Tensor both(const Tensor& a, const Tensor& b) { return a.index({at::isin(a, b)}); }

inline std::int64_t token_of(const Dataset& data, const std::string& word) {
  const auto found = std::find(data.class_names.begin(), data.class_names.end(), word);
  EXPECT_NE(found, data.class_names.end()) << word;
  return found - data.class_names.begin();
}

// A model as what it says, certain of every sentence until it is told otherwise.
struct ToldModel {
  std::shared_ptr<const Dataset> dataset;
  Tensor outputs, token_losses, said, generated;

  explicit ToldModel(std::shared_ptr<const Dataset> data) : dataset(std::move(data)) {
    const Sequences& sequences = dataset->sequences;
    outputs = at::full({dataset->size(), dataset->outputs}, -1e4, at::kDouble)
                  .scatter(1, dataset->targets.unsqueeze(1), 0.0);
    token_losses = at::zeros(sequences.next.sizes(), at::kDouble);
    said = sequences.next.clamp_min(0).clone();
    const Tensor answers = sequences.answers(at::arange(dataset->size()));
    const std::int64_t longest = sequences.answer_size.max().item<std::int64_t>();
    const Tensor sizes = sequences.answer_size.unsqueeze(1);
    generated = at::full({dataset->size(), longest}, -1, at::kLong);
    generated.masked_scatter_(at::arange(longest).lt(sizes), sequences.next.masked_select(answers));
  }

  // Probabilities of words where these rows' answers, of one word, begin: together 1.
  void tell(const Tensor& rows, const std::map<std::string, double>& probabilities) {
    for (std::int64_t i = 0; i < rows.numel(); ++i) {
      const std::int64_t row = rows[i].item<std::int64_t>();
      const std::int64_t begin = dataset->sequences.answer_begin[row].item<std::int64_t>();
      outputs[row].fill_(-1e4);
      double largest = 0;
      token_losses[row][begin] = 1e4;
      for (const auto& [word, p] : probabilities) {
        const std::int64_t token = token_of(*dataset, word);
        outputs[row][token] = std::log(p);
        if (token == dataset->targets[row].item<std::int64_t>()) {
          token_losses[row][begin] = -std::log(p);
        }
        if (p <= largest) continue;
        largest = p;
        said[row][begin] = token;
        generated[row][0] = token;
      }
    }
  }

  ModelOutcome outcome() const {
    ModelOutcome outcome;
    outcome.predictions = Predictions(dataset, LossKind::kCrossEntropy,
                                      ModelOutputs{outputs, token_losses, said, generated},
                                      at::arange(dataset->size()));
    return outcome;
  }
};

inline std::vector<MetricValue> take_metric(const std::string& metric, const Evaluation& evaluation,
                                            const ToldModel& model,
                                            const std::vector<ToldModel>& oracles = {}) {
  const ModelOutcome own = model.outcome();
  std::vector<ModelOutcome> theirs;
  theirs.reserve(oracles.size());
  for (const ToldModel& oracle : oracles) theirs.push_back(oracle.outcome());
  MetricInput input{.evaluation = evaluation, .model = own};
  for (const ModelOutcome& oracle : theirs) input.oracles.push_back(&oracle);
  return builtin_metrics().find(metric).compute(input);
}

}  // namespace oubli::testing
