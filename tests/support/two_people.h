// Two people and where they live, of whom the first is forgotten, for distances over all prompts.
#pragma once

#include <cmath>
#include <memory>

#include "tests/support/told_facts.h"

namespace oubli::testing {

inline double binary_kl(double q, double p) {
  return q * std::log(q / p) + (1 - q) * std::log((1 - q) / (1 - p));
}

class TwoPeople : public ::testing::Test {
 protected:
  // P's sentences of training stand there three times; and there is text without facts.
  TwoPeople() {
    FactTexts texts = told_texts({{"P", 0, "Arlow", 3}, {"Q", 0, "Bandor"}});
    texts.text = {"one cat sees the dog ."};
    data_ = std::make_shared<const Dataset>(load_facts(texts).dataset);
    const Tensor p = rows_where(*data_, "subject", "P");
    evaluation_ = {.dataset = data_,
                   .sets = {{"retain", rows_difference(at::arange(data_->size()), p)},
                            {"forget", both(p, rows_where(*data_, "kind", "fact"))},
                            {"forget_reworded", both(p, rows_where(*data_, "kind", "reworded"))}}};
  }
  // P(Arlow) of what is asked about P and about Q: three prompts each.
  ToldModel model_with(double of_p, double of_q) const {
    ToldModel model(data_);
    model.tell(rows_where(*data_, "subject", "P"), {{"Arlow", of_p}, {"Bandor", 1 - of_p}});
    model.tell(rows_where(*data_, "subject", "Q"), {{"Arlow", of_q}, {"Bandor", 1 - of_q}});
    return model;
  }

  std::shared_ptr<const Dataset> data_;
  Evaluation evaluation_;
};

}  // namespace oubli::testing
