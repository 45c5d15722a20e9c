// Where an edit of facts is looked for.
#include "experiments/engine/plan/fact_sets.h"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <gmock/gmock.h>

#include <map>
#include <set>

#include "core/base/settings_file.h"
#include "core/data/fact_columns.h"
#include "experiments/engine/plan/plan.h"

namespace oubli {
namespace {

using Texts = std::set<std::string>;

class FactSetsOf : public ::testing::Test {
 protected:
  Experiment experiment(const std::string& edit, const std::string& data = "biographies") const {
    const std::string yaml = fmt::format(
        "data: {{name: {}}}\nmodel: {{name: {}}}\n"
        "train: {{epochs: 1}}\nmethods: [finetune]\nseeds: {{training: 1, oracle: 1}}\n"
        "measure: [accuracy]\nedit: {}\n",
        data == "biographies" ? "biographies, people: 40" : data,
        data.starts_with("biographies") ? "gpt, layers: 1, width: 4, heads: 1" : "mlp", edit);
    return prepare_experiment(
        read_spec(Settings(parse_settings(yaml, "f.yaml")), "f.yaml", registries_), {});
  }
  static std::map<std::string, Tensor> sets(const Experiment& experiment) {
    std::map<std::string, Tensor> found;
    for (const NamedRows& set : experiment.metric_sets()) found[set.name] = set.rows;
    return found;
  }
  // What a column says in these rows.
  static Texts texts(const Experiment& experiment, const char* column, const Tensor& rows) {
    Texts found;
    for (std::int64_t i = 0; i < rows.numel(); ++i) {
      found.insert(experiment.dataset->columns.at(column).text(rows[i].item<std::int64_t>()));
    }
    return found;
  }
  static Tensor facts(const Experiment& experiment, const Tensor& rows) {
    return std::get<0>(
        at::_unique(experiment.dataset->sequences.fact.index_select(0, rows), /*sorted=*/true));
  }
  static bool overlap(const Tensor& a, const Tensor& b) {
    return at::isin(a, b).any().item<bool>();
  }

  Registries registries_ = builtin_registries();
};

TEST_F(FactSetsOf, ARemovalAreWhatLeavesAndWhatIsNearIt) {
  const Experiment e = experiment("{remove: {facts: {count: 3, relation: city}}}");
  const auto found = sets(e);
  EXPECT_TRUE(facts(e, found.at("forget_reworded")).equal(facts(e, found.at("forget"))));
  EXPECT_EQ(found.at("forget_reworded").numel(), 3 * 2) << "two held-out wordings";
  EXPECT_FALSE(found.contains("added_reworded"));
  EXPECT_FALSE(overlap(facts(e, found.at("test")), facts(e, found.at("forget"))));
  EXPECT_EQ(found.at("test").numel(), (200 - 3) * 2);
  const Texts subjects = texts(e, FactColumns::kSubject, found.at("forget"));
  EXPECT_EQ(texts(e, FactColumns::kSubject, found.at("same_subject")), subjects);
  EXPECT_EQ(found.at("same_subject").numel(), 3 * 4 * 2) << "four other facts of each";
  EXPECT_EQ(texts(e, FactColumns::kRelation, found.at("same_relation")), Texts{"city"});
  EXPECT_EQ(found.at("same_relation").numel(), 37 * 2);
  EXPECT_EQ(texts(e, FactColumns::kKind, found.at("text")), Texts{"held_out_text"});
  if (found.contains("same_value")) {
    const Texts all = texts(e, FactColumns::kObject, found.at("forget"));
    for (const std::string& value : texts(e, FactColumns::kObject, found.at("same_value"))) {
      EXPECT_TRUE(all.contains(value)) << value;
    }
  }
  for (const char* part : {"same_subject", "same_relation"}) {
    EXPECT_TRUE(at::isin(found.at(part), found.at("test")).all().item<bool>()) << part;
  }
  EXPECT_FALSE(overlap(found.at("text"), found.at("test")));
}

TEST_F(FactSetsOf, SubjectsHaveNoOtherFacts) {
  const auto found = sets(experiment("{remove: {subjects: {count: 4}}}"));
  EXPECT_EQ(found.at("forget").numel(), 4 * 25);
  EXPECT_EQ(found.at("forget_reworded").numel(), 4 * 10);
  EXPECT_FALSE(found.contains("same_subject"));
  EXPECT_FALSE(found.contains("same_relation")) << "the edit is about all relations";
}

TEST_F(FactSetsOf, AChangeAreBothAnswers) {
  const Experiment e = experiment("{change: {facts: {count: 5, relation: employer}}}");
  const auto found = sets(e);
  EXPECT_EQ(found.at("forget").numel(), 5 * 5);
  EXPECT_EQ(found.at("added").numel(), 5 * 5);
  EXPECT_EQ(found.at("forget_reworded").numel(), 5 * 2);
  EXPECT_EQ(found.at("added_reworded").numel(), 5 * 2);
  for (const char* set : {"forget_reworded", "added", "added_reworded"}) {
    EXPECT_TRUE(facts(e, found.at(set)).equal(facts(e, found.at("forget")))) << set;
  }
  const auto object = [&](const char* set, std::int64_t fact) {
    const Tensor own = e.dataset->sequences.fact.index_select(0, found.at(set)).eq(fact);
    return texts(e, FactColumns::kObject, found.at(set).index({own}));
  };
  const Tensor all = facts(e, found.at("forget"));
  for (std::int64_t i = 0; i < all.numel(); ++i) {
    const auto fact = all[i].item<std::int64_t>();
    EXPECT_EQ(object("forget", fact), object("forget_reworded", fact));
    EXPECT_EQ(object("added", fact), object("added_reworded", fact));
    EXPECT_NE(object("forget", fact), object("added", fact));
  }
  EXPECT_FALSE(overlap(facts(e, found.at("test")), all));
  EXPECT_TRUE(at::isin(found.at("added"), e.task.retain.rows).all().item<bool>());
  EXPECT_FALSE(overlap(found.at("added"), e.task.train.rows));
}

TEST_F(FactSetsOf, AnAdditionIsWhatEnters) {
  const Experiment e = experiment("{add: {facts: {count: 4}}}");
  const auto found = sets(e);
  EXPECT_TRUE(facts(e, found.at("added_reworded")).equal(facts(e, found.at("added"))));
  EXPECT_FALSE(found.contains("forget_reworded"));
  EXPECT_FALSE(overlap(facts(e, found.at("test")), facts(e, found.at("added"))));
}

// Of sentences that are drawn one by one: other sentences still say what these said.
TEST_F(FactSetsOf, AFactThatIsStillSaidHasNotLeft) {
  const auto found = sets(experiment("{remove: {random: {count: 20}}}"));
  EXPECT_EQ(found.at("forget").numel(), 20);
  EXPECT_FALSE(found.contains("forget_reworded"));
  EXPECT_EQ(found.at("test").numel(), 200 * 2) << "all facts stay";
}

// Methods are told of a part; what oracles lack is all of it, and so is what is looked for.
TEST_F(FactSetsOf, WhatIsKnownInPartLeavesWhole) {
  const Experiment e = experiment("{remove: {facts: {count: 6}, known: 0.5}}");
  const auto found = sets(e);
  EXPECT_EQ(found.at("forget").numel(), 15);
  EXPECT_EQ(found.at("unknown").numel(), 15);
  EXPECT_EQ(found.at("forget_reworded").numel(), 6 * 2);
  EXPECT_EQ(found.at("test").numel(), (200 - 6) * 2);
}

TEST_F(FactSetsOf, ASequenceAreThoseOfEachCheckpoint) {
  const Experiment e =
      experiment("{requests: {change: {facts: {count: 6}}, each: 2}}\ncheckpoints: [1, 3]");
  ASSERT_EQ(e.checkpoints.size(), 2u);
  const auto first = sets(*e.checkpoints[0]), last = sets(*e.checkpoints[1]);
  EXPECT_EQ(first.at("forget_reworded").numel(), 2 * 2);
  EXPECT_EQ(last.at("forget_reworded").numel(), 6 * 2);
  EXPECT_EQ(first.at("added_reworded").numel(), 2 * 2);
  EXPECT_EQ(last.at("added_reworded").numel(), 6 * 2);
  // What a later request changes is as it was, till then.
  EXPECT_EQ(first.at("test").numel(), (200 - 2) * 2);
  EXPECT_EQ(last.at("test").numel(), (200 - 6) * 2);
}

TEST_F(FactSetsOf, OtherDataAreNone) {
  const Experiment e = experiment("{remove: {random: {count: 20}}}", "digits");
  for (const auto& [name, rows] : sets(e)) {
    EXPECT_TRUE((Texts{"forget", "retain", "test", "validation"}.contains(name))) << name;
  }
}

TEST_F(FactSetsOf, WhatFollowsIsAskedForApart) {
  const auto with_countries = [&](const std::string& edit) {
    return experiment(edit, "biographies, people: 40, countries: 8");
  };
  const Experiment e = with_countries("{change: {facts: {count: 20, relation: city}}}");
  const auto found = sets(e);
  const auto relations = [&](const char* set) {
    return texts(e, FactColumns::kRelation, found.at(set));
  };
  for (const char* set : {"derived", "forget_derived", "added_derived"}) {
    EXPECT_EQ(relations(set), Texts{"country"}) << set;
    EXPECT_EQ(texts(e, FactColumns::kKind, found.at(set)), Texts{"derived"}) << set;
    EXPECT_FALSE(overlap(found.at(set), found.at("test"))) << set;
    EXPECT_EQ(found.at(set).numel() % 5, 0) << "five wordings";
  }
  EXPECT_TRUE(facts(e, found.at("forget_derived")).equal(facts(e, found.at("added_derived"))));
  EXPECT_FALSE(overlap(facts(e, found.at("derived")), facts(e, found.at("added_derived"))));
  const Texts changed = texts(e, FactColumns::kSubject, found.at("added"));
  for (const std::string& subject : texts(e, FactColumns::kSubject, found.at("added_derived"))) {
    EXPECT_TRUE(changed.contains(subject)) << subject;
  }
  for (const std::string& subject : texts(e, FactColumns::kSubject, found.at("derived"))) {
    EXPECT_FALSE(changed.contains(subject)) << subject;
  }
  const auto removed = sets(with_countries("{remove: {facts: {count: 20, relation: city}}}"));
  EXPECT_TRUE(removed.contains("forget_derived"));
  EXPECT_FALSE(removed.contains("added_derived"));
  EXPECT_FALSE(sets(experiment("{remove: {facts: {count: 3}}}")).contains("derived"));
}

}  // namespace
}  // namespace oubli
