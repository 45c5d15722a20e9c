// What does not fit the data is said before anything is trained.
#include "experiments/engine/plan/experiment.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include "core/base/settings_file.h"
#include "experiments/engine/plan/plan.h"
#include "tests/support/files.h"

namespace oubli {
namespace {

using ::testing::HasSubstr;

class FitOfSequences : public ::testing::Test {
 protected:
  std::string error(const std::string& train, const std::string& method,
                    const std::string& data = "biographies, people: 10",
                    const std::string& model = "gpt, layers: 1, width: 4, heads: 1") const {
    const std::string yaml = fmt::format(
        "data: {{name: {}}}\nmodel: {{name: {}}}\ntrain: {{epochs: 1{}}}\n"
        "methods:\n  - {}\nseeds: {{training: 1, oracle: 1}}\nmeasure: [accuracy]\n"
        "edit: {{remove: {{random: {{count: 5}}}}}}\n",
        data, model, train, method);
    return testing::error_of(ErrorKind::kSettings, [&] {
      prepare_experiment(read_spec(Settings(parse_settings(yaml, "e.yaml")), "e.yaml", registries_),
                         {});
    });
  }

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

}  // namespace
}  // namespace oubli
