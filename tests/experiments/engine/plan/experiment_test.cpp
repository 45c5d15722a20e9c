// What does not fit the data is said before anything is trained.
#include "experiments/engine/plan/experiment.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gmock/gmock.h>

#include "core/base/settings_file.h"
#include "experiments/engine/plan/plan.h"
#include "tests/support/files.h"

namespace oubli {
namespace {

using ::testing::HasSubstr;

class FitOfSequences : public ::testing::Test {
 protected:
  static constexpr const char* kDecoder = "gpt, layers: 1, width: 4, heads: 1";
  static constexpr const char* kPeople = "biographies, people: 10";

  Experiment prepare(const std::string& train, const std::string& method, const std::string& data,
                     const std::string& model, const std::string& edit = "random: {count: 5}",
                     const std::string& measure = "[accuracy]") const {
    const std::string yaml = fmt::format(
        "data: {{name: {}}}\nmodel: {{name: {}}}\ntrain: {{epochs: 1{}}}\n"
        "methods:\n  - {}\nseeds: {{training: 1, oracle: 1}}\nmeasure: {}\n"
        "edit: {{remove: {{{}}}}}\n",
        data, model, train, method, measure, edit);
    const std::string where = (folder_.path() / "e.yaml").string();
    return prepare_experiment(read_spec(Settings(parse_settings(yaml, where)), where, registries_),
                              {});
  }
  std::string error(const std::string& train, const std::string& method,
                    const std::string& data = kPeople, const std::string& model = kDecoder) const {
    return testing::error_of(ErrorKind::kSettings, [&] { prepare(train, method, data, model); });
  }
  // Of one of these methods on this data.
  std::string unable(const std::string& method, const std::string& data,
                     const std::string& edit) const {
    return testing::error_of(ErrorKind::kSettings,
                             [&] { prepare("", method, data, kDecoder, edit); });
  }
  std::string unmeasurable(const std::string& measure, const std::string& data,
                           const std::string& model) const {
    return testing::error_of(ErrorKind::kSettings, [&] {
      prepare("", "finetune", data, model, "random: {count: 5}", measure);
    });
  }

  testing::TemporaryFolder folder_;
  Registries registries_ = builtin_registries();
};

TEST_F(FitOfSequences, OtherLossesAreRefused) {
  for (const char* loss : {"squared_error", "binary_logistic", "one_against_rest"}) {
    const std::string message = error(fmt::format(", loss: {}", loss), "finetune");
    EXPECT_THAT(message, HasSubstr("sequences of tokens: use cross_entropy")) << loss;
  }
}

// By the first of a method's parts that does not take such examples.
TEST_F(FitOfSequences, MethodsForOtherExamplesAreRefused) {
  EXPECT_THAT(error("", "boundary_shrink"),
              HasSubstr("e.yaml:5:5: 'boundary_shrink' is for examples with one label or target "
                        "each, and these are sequences of tokens"));
  EXPECT_THAT(error("", "then: [finetune, boundary_shrink]"),
              HasSubstr("'boundary_shrink' is for examples with one label"));
  EXPECT_THAT(error("", "grad_diff", "digits", "mlp"),
              HasSubstr("'grad_diff' is for sequences of tokens, and these examples have one label "
                        "or target each"));
}

TEST_F(FitOfSequences, LateFactsNeedASharedOrder) {
  const std::string data = "biographies, people: 10, late: 0.5";
  EXPECT_THAT(error("", "finetune", data, "gpt"), HasSubstr("add `train: {shared_order: true}`"));
}

TEST_F(FitOfSequences, OtherModelsAreRefused) {
  EXPECT_THAT(error("", "finetune", "biographies, people: 10", "mlp"),
              HasSubstr("this data is of sequences"));
}

// What editors need of the data, and of their settings, is known before anything is trained.
TEST_F(FitOfSequences, EditorsOfTextsAreRefused) {
  std::string lines;
  for (int i = 0; i < 20; ++i) lines += fmt::format("the cat {} sees dog {} and goes home\n", i, i);
  folder_.write("t.txt", lines);
  const std::string data = "text, file: t.txt, within: line";
  for (const char* method :
       {"rome", "r_rome", "memit", "emmet", "alpha_edit", "ultra_edit", "ft_constrained",
        "then: [finetune, rome]", "masked: {method: rome}"}) {
    const std::string message = unable(method, data, "random: {count: 2}");
    EXPECT_THAT(message, HasSubstr("e.yaml:5:5: '")) << method;
    EXPECT_THAT(message, HasSubstr("editors change facts, and no row of 't' states one")) << method;
  }
  EXPECT_THAT(
      unable("lunar", data, "random: {count: 2}"),
      HasSubstr("'lunar' cannot do this: lunar is about subjects that sentences state facts "
                "of, and no row of 't'"));
  EXPECT_THAT(unable("idk: {answer: nobody}", data, "random: {count: 2}"),
              HasSubstr("unknown token 'nobody'"));
}

TEST_F(FitOfSequences, AnswersThatAreNoTokensAreRefused) {
  EXPECT_THAT(unable("rome: {answer: nobody}", kPeople, "facts: {count: 3}"),
              HasSubstr("'rome' cannot do this: a removed fact is to be answered by 'nobody'"));
  for (const char* method :
       {"rome: {sweep: {over: {answer: [unknown, nobody]}, objective: loss/validation}}",
        "grace: {answer: nobody}", "dpo: {answer: nobody}", "flat: {answer: nobody}"}) {
    EXPECT_THAT(unable(method, kPeople, "facts: {count: 3}"), HasSubstr("'nobody'")) << method;
  }
  // A message that ends with a point gets no second one.
  EXPECT_THAT(unable("idk: {answer: nobody}", kPeople, "facts: {count: 3}"),
              ::testing::Not(::testing::EndsWith("..")));
  EXPECT_NO_THROW(prepare("", "rome", kPeople, kDecoder, "facts: {count: 3}"));
}

TEST_F(FitOfSequences, SubjectsThatCannotBeMadeUpAreSaidBeforeTraining) {
  folder_.write("f.csv", "subject,relation,object\nLea,city,Lyon\nMax,city,Bern\nEva,city,Nice\n");
  const std::string data =
      "facts, file: f.csv, wordings: {city: [\"{subject} lives in {object}\"]}";
  EXPECT_THAT(unable("lunar", data, "facts: {count: 1}"),
              HasSubstr("names of subjects need two words at least"));
}

TEST_F(FitOfSequences, MetricsOfFactsNeedSome) {
  for (const char* metric : {"truth_ratio", "rtt", "beliefs", "learnt_bits", "model_utility",
                             "oracle_distance", "twin_distance"}) {
    const std::string measure = fmt::format("[accuracy, {}]", metric);
    EXPECT_THAT(unmeasurable(measure, "digits", "mlp"),
                HasSubstr(fmt::format("the metric '{}' is about facts, and no row of 'digits' "
                                      "states one",
                                      metric)));
  }
  EXPECT_NO_THROW(prepare("", "finetune", kPeople, kDecoder, "facts: {count: 3}",
                          "[truth_ratio, learnt_bits]"));
  // All that are usual, as a record has them that runs again, are nobody's choice.
  const Spec all = read_spec(
      Settings(parse_settings("data: digits\nmodel: mlp\ntrain: {epochs: 1}\nmethods: [finetune]\n"
                              "edit: {remove: {random: {count: 5}}}\n",
                              "e.yaml")),
      "e.yaml", registries_);
  EXPECT_THAT(all.measure, ::testing::Contains("truth_ratio"));
  EXPECT_NO_THROW(prepare("", "finetune", "digits", "mlp", "random: {count: 5}",
                          fmt::format("[{}]", fmt::join(all.measure, ", "))));
}

// What stands in the place of what is missing learns the data that are named.
TEST_F(FitOfSequences, WhatIsMissingHasAnExampleThatLearnsSuchData) {
  const auto missing = [&](const std::string& yaml) {
    return testing::error_of(ErrorKind::kSettings, [&] {
      read_spec(Settings(parse_settings(yaml, "e.yaml")), "e.yaml", registries_);
    });
  };
  for (const char* data : {"facts", "biographies", "text", "{name: facts, file: f.csv}"}) {
    EXPECT_THAT(missing(fmt::format("data: {}\nmodel: gpt\n", data)),
                HasSubstr("'train' is missing: it has no default. Write it as `train: {optimizer: "
                          "{name: adamw, lr: 3.0e-3, weight_decay: 0.01}, schedule: {name: cosine"))
        << data;
    EXPECT_THAT(missing(fmt::format("data: {}\n", data)), HasSubstr("`model: {name: gpt"));
  }
  EXPECT_THAT(missing("data: text\nmodel: gpt\ntrain: {epochs: 1}\n"),
              HasSubstr("`edit: {remove: {where: {column: line"));
  EXPECT_THAT(missing("data: facts\nmodel: gpt\ntrain: {epochs: 1}\n"),
              HasSubstr("`edit: {remove: {facts: {count: 10}}}`"));
  EXPECT_THAT(missing("data: digits\nmodel: mlp\n"),
              HasSubstr("`train: {optimizer: {name: sgd, lr: 0.1}, epochs: 20}`"));
}

}  // namespace
}  // namespace oubli
