// Bad data that is known in part: what oracles lack, what methods are told, and what is measured.
#include <ATen/ATen.h>
#include <fmt/format.h>
#include <gmock/gmock.h>

#include <algorithm>
#include <map>
#include <set>

#include "core/base/settings_file.h"
#include "experiments/engine/plan/plan.h"
#include "experiments/engine/plan/training_sets.h"
#include "experiments/engine/run/run_request.h"
#include "tests/support/files.h"

namespace oubli {
namespace {

using ::testing::HasSubstr;

class Known : public ::testing::Test {
 protected:
  Experiment experiment(const std::string& edit, const std::string& more = "") const {
    const std::string yaml =
        "data: {name: digits, limit: {train: 300, test: 100}}\n"
        "model: {name: logistic}\ntrain: {epochs: 1}\nmethods: [finetune]\n"
        "seeds: {training: 1, oracle: 2}\nmeasure: [accuracy, backdoor]\n"
        "edit: " +
        edit + "\n" + more;
    return prepare_experiment(
        read_spec(Settings(parse_settings(yaml, "k.yaml")), "k.yaml", registries_), {});
  }
  std::string error(ErrorKind kind, const std::string& edit) const {
    return testing::error_of(kind, [&] { experiment(edit); });
  }
  // By label, of stages that are no evaluation.
  std::map<std::string, std::string> keys(const Experiment& experiment) const {
    std::map<std::string, std::string> found;
    for (const Stage& stage : make_plan(experiment, registries_.metrics).stages) {
      found[fmt::format("{}: {}", to_string(stage.kind), stage.label)] = stage.key;
    }
    return found;
  }
  static std::map<std::string, Tensor> sets(const Experiment& experiment) {
    std::map<std::string, Tensor> found;
    for (const NamedRows& set : experiment.metric_sets()) found[set.name] = set.rows;
    return found;
  }
  static bool overlap(const Tensor& a, const Tensor& b) {
    return at::isin(a, b).any().item<bool>();
  }
  static Tensor wrong_rows(const Experiment& experiment) {
    const Dataset& data = *experiment.dataset;
    return data.targets.ne(data.true_targets).nonzero().squeeze(1);
  }

  Registries registries_ = builtin_registries();
};

TEST_F(Known, OraclesLackAllBadRowsAndMethodsAreToldAPart) {
  const Experiment some = experiment("{remove: {mislabelled: {count: 40}, known: 0.3}}");
  const Tensor bad = wrong_rows(some);
  ASSERT_EQ(bad.numel(), 40);
  EXPECT_EQ(some.task.forget.size(), 12);
  EXPECT_EQ(some.unknown.numel(), 28);
  EXPECT_TRUE(rows_union(some.task.forget.rows, some.unknown).equal(bad));
  EXPECT_FALSE(overlap(some.task.forget.rows, some.unknown));
  const Tensor oracle = training_set(some, StageKind::kRetrain, 0).rows;
  EXPECT_FALSE(overlap(oracle, bad));
  EXPECT_TRUE(rows_union(oracle, bad).equal(some.task.train.rows));
  // In life they stay where they were.
  const Task told = task_of(some, Stage{});
  EXPECT_TRUE(told.forget.rows.equal(some.task.forget.rows));
  EXPECT_TRUE(rows_union(told.forget.rows, told.retain.rows).equal(told.train.rows));
  EXPECT_EQ(rows_difference(some.unknown, told.retain.rows).numel(), 0);
  EXPECT_TRUE(training_set(some, StageKind::kTrain, 0).rows.equal(some.task.train.rows));
}

TEST_F(Known, WhatNobodyKnowsIsMeasuredApart) {
  const Experiment some = experiment("{remove: {mislabelled: {count: 40}, known: 0.3}}");
  const std::map<std::string, Tensor> found = sets(some);
  EXPECT_TRUE(found.at("forget").equal(some.task.forget.rows));
  EXPECT_TRUE(found.at("unknown").equal(some.unknown));
  EXPECT_TRUE(found.at("retain").equal(training_set(some, StageKind::kRetrain, 0).rows));
  const Experiment all = experiment("{remove: {mislabelled: {count: 40}}}");
  EXPECT_FALSE(sets(all).contains("unknown"));
  EXPECT_TRUE(sets(all).at("retain").equal(found.at("retain")));
}

// Neither the bad rows nor their labels depend on the share, and a smaller share is a part of a
// larger one; so originals and oracles are shared.
TEST_F(Known, TheShareChangesWhatIsToldAndNothingElse) {
  const auto of = [&](const std::string& known) {
    return experiment("{remove: {mislabelled: {count: 40}, known: " + known + "}}");
  };
  const Experiment few = of("0.25"), many = of("0.75"), all = of("1"),
                   plain = experiment("{remove: {mislabelled: {count: 40}}}");
  EXPECT_EQ(rows_difference(few.task.forget.rows, many.task.forget.rows).numel(), 0);
  EXPECT_EQ(many.task.forget.size(), 30);
  EXPECT_EQ(few.data_hash, plain.data_hash);
  EXPECT_EQ(keys(all), keys(plain));
  const auto of_few = keys(few), of_plain = keys(plain);
  ASSERT_EQ(of_few.size(), of_plain.size());
  std::set<std::string> shared;
  for (const auto& [label, key] : of_few) {
    if (of_plain.at(label) == key) shared.insert(label.substr(0, label.find(':')));
  }
  EXPECT_EQ(shared, (std::set<std::string>{"train", "retrain"}));
}

// Told the same rows, but held against other oracles and measured on other sets.
TEST_F(Known, IsInTheKeys) {
  const Experiment some = experiment("{remove: {random: {count: 40}, known: 0.5}}");
  const Tensor told = some.task.forget.rows;
  const std::vector<std::int64_t> rows(told.const_data_ptr<std::int64_t>(),
                                       told.const_data_ptr<std::int64_t>() + told.numel());
  const Experiment same = experiment(fmt::format("{{remove: {{indices: {}}}}}", Json(rows).dump()));
  ASSERT_TRUE(same.task.forget.rows.equal(told));
  EXPECT_NE(same.edit_hash, some.edit_hash);
  const auto of_some = keys(some), of_same = keys(same);
  for (const auto& [label, key] : of_some) {
    EXPECT_EQ(of_same.at(label) == key, label.starts_with("train")) << label;
  }
}

// Processes that run stages read rows in place of files, and draw the same again.
TEST_F(Known, AWorkerMakesTheSameEdit) {
  const testing::TemporaryFolder folder;
  const Experiment first = experiment("{remove: {random: {count: 30}}}");
  std::string list;
  for (std::int64_t i = 0; i < 30; ++i) {
    list += fmt::format("{}\n", first.task.forget.rows[i].item<std::int64_t>());
  }
  const std::string file = folder.write("rows.txt", list);
  for (const std::string& edit :
       {"{remove: {indices: " + file + ", known: 0.3}}",
        "[{remove: {indices: " + file + ", known: 0.3}}, {remove: {random: {count: 4}}}]"}) {
    const Experiment planned = experiment(edit);
    EXPECT_EQ(planned.unknown.numel(), 21);
    const Experiment made =
        experiment_of(request_of(planned, "", folder.path().string(), 0), registries_);
    EXPECT_TRUE(made.unknown.equal(planned.unknown)) << edit;
    EXPECT_EQ(keys(made), keys(planned)) << edit;
  }
}

TEST_F(Known, OfASequenceOraclesLackWhatWasBadUpToThere) {
  const Experiment stream = experiment(
      "[{remove: {mislabelled: {count: 40}, known: 0.25}},"
      " {remove: {random: {count: 20}}}, {remove: {noisy: {count: 10}, known: 0.5}}]",
      "checkpoints: [1, 2, 3]\n");
  const std::int64_t unknown[] = {30, 30, 35}, told[] = {10, 30, 35};
  Tensor left = stream.requests.front().task.train.rows;
  for (std::size_t k = 0; k < 3; ++k) {
    const Experiment& view = *stream.checkpoints[k];
    EXPECT_EQ(view.unknown.numel(), unknown[k]);
    EXPECT_EQ(view.task.forget.size(), told[k]);
    const Tensor oracle = training_set(view, StageKind::kRetrain, 0).rows;
    EXPECT_EQ(oracle.numel(), 300 - unknown[k] - told[k]);
    EXPECT_FALSE(overlap(oracle, view.unknown));
    const Task& request = view.requests[k].task;
    EXPECT_TRUE(request.train.rows.equal(left));
    EXPECT_EQ(rows_difference(view.unknown, request.retain.rows).numel(), 0);
    left = request.retain.rows;
  }
  // No later request chooses what nobody knows of.
  EXPECT_FALSE(overlap(stream.checkpoints[0]->unknown, stream.requests[1].task.forget.rows));
}

TEST_F(Known, ATriggeredTestSetIsNobodysTrainingSet) {
  const Experiment poisoned =
      experiment("{remove: {backdoor: {fraction: 0.1, target: 0}, known: 0.5}}");
  const Tensor triggered = sets(poisoned).at("triggered");
  const std::int64_t rows = poisoned.dataset->size() - triggered.numel();
  EXPECT_EQ(rows, 1797);
  EXPECT_TRUE(triggered.equal(at::arange(rows, poisoned.dataset->size())));
  EXPECT_EQ(poisoned.planted.aims.target, 0);
  for (const Tensor& others : {poisoned.task.train.rows, poisoned.task.test.rows,
                               poisoned.task.validation.rows, poisoned.task.retain.rows}) {
    EXPECT_FALSE(overlap(triggered, others));
  }
  EXPECT_TRUE(poisoned.dataset->targets.index_select(0, triggered).ne(0).all().item<bool>());
}

TEST_F(Known, OneSelectionCutIntoRequestsPlantsOneTrigger) {
  const Experiment stream =
      experiment("{requests: {from: {backdoor: {count: 20, target: 0}}, each: 5, count: 4}}");
  EXPECT_TRUE(wrong_rows(stream).equal(stream.task.forget.rows));
  EXPECT_TRUE(sets(stream).contains("triggered"));
  const std::string two = error(ErrorKind::kSettings,
                                "[{remove: {backdoor: {count: 5, target: 0}}},"
                                " {remove: {backdoor: {count: 5, target: 1}}}]");
  EXPECT_THAT(two, HasSubstr("k.yaml:7:7: two requests plant a backdoor or a bias"));
}

TEST_F(Known, WrongSharesAreErrorsWhereTheyAreWritten) {
  for (const char* share : {"0", "-0.5", "1.5"}) {
    const std::string edit = fmt::format("{{remove: {{random: {{count: 9}}, known: {}}}}}", share);
    EXPECT_THAT(error(ErrorKind::kSettings, edit),
                HasSubstr("k.yaml:7:44: 'known' must be a number above 0 and at most 1"));
  }
  EXPECT_THAT(error(ErrorKind::kTask, "{remove: {random: {count: 9}, known: 0.01}}"),
              HasSubstr("k.yaml:7:44: 'known' is 0.01: of 9 rows that is none"));
  EXPECT_THAT(error(ErrorKind::kSettings, "{add: {random: {count: 9}, known: 0.5}}"),
              HasSubstr("k.yaml:7:41: 'known' stands under 'remove'"));
  EXPECT_THAT(error(ErrorKind::kSettings, "{remove: {known: 0.5}}"),
              HasSubstr("no selector is given"));
  EXPECT_THAT(error(ErrorKind::kSettings, "{add: {backdoor: {count: 9, target: 0}}}"),
              HasSubstr("'backdoor' spoils examples, to be removed again"));
  EXPECT_THAT(
      error(ErrorKind::kSettings, "{requests: {from: {random: {count: 9}, known: 0.5}, each: 3}}"),
      HasSubstr("requests that are cut from a selection are told in full"));
}

}  // namespace
}  // namespace oubli
