// Edits of facts: what leaves, what enters, and in which request.
#include "experiments/engine/plan/edits.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>

#include "core/base/settings_file.h"
#include "datasets/language/fact_rows.h"
#include "datasets/language/fact_texts.h"
#include "experiments/engine/plan/edit_tasks.h"
#include "tests/support/files.h"

namespace oubli {
namespace {

using testing::error_of;
using ::testing::HasSubstr;

// Ten subjects with two facts each, in two wordings and a held-out one.
LoadedData world() {
  FactTexts texts{.name = "world"};
  texts.relations = {
      {"city", {"{subject} in {object}", "city of {subject} : {object}"}, {"{subject} : {object}"}},
      {"job", {"{subject} is {object}", "job of {subject} : {object}"}, {"{subject} , {object}"}}};
  for (int i = 0; i < 10; ++i) {
    texts.facts.push_back({"P" + std::to_string(i), 0, i % 2 == 0 ? "Lyon" : "Bern"});
    texts.facts.push_back({"P" + std::to_string(i), 1, i % 3 == 0 ? "cook" : "nurse"});
  }
  return load_facts(texts);
}

class FactEdits : public ::testing::Test {
 protected:
  std::vector<DrawnEdit> draw(const std::string& edit, std::uint64_t seed = 0) {
    data_ = world();
    const Settings root(parse_settings("edit: " + edit, "e.yaml"));
    const Edits edits = read_edits(root);
    root.finish();
    adds_ = edits.adds;
    return edits.draw(data_, Generator(seed));
  }
  std::string error(const std::string& edit, ErrorKind kind) {
    return error_of(kind, [&] { draw(edit); });
  }
  Tensor facts(const Tensor& rows) const {
    return std::get<0>(
        at::_unique(fact_numbers(data_.dataset).index_select(0, rows), /*sorted=*/true));
  }
  std::string object(std::int64_t row) const {
    return data_.dataset.columns.at(FactColumns::kObject).text(row);
  }

  LoadedData data_;
  bool adds_ = false;
};

TEST_F(FactEdits, AChangeTakesOldSentencesAndAddsNewOnes) {
  const std::vector<DrawnEdit> edits = draw("{change: {facts: {count: 3}}}");
  EXPECT_TRUE(adds_);
  ASSERT_EQ(edits.size(), 1u);
  const Tensor &before = edits[0].removed.rows, &after = edits[0].added.rows;
  EXPECT_EQ(before.numel(), 6);
  EXPECT_EQ(after.numel(), 6);
  EXPECT_TRUE(facts(before).equal(facts(after)));
  EXPECT_TRUE(after.ge(world().dataset.size()).all().item<bool>()) << "written behind all rows";
  EXPECT_TRUE(at::isin(after, data_.splits.train).all().item<bool>());
  const std::vector<Tensor> members = members_over_time(edits, data_.splits.train);
  EXPECT_TRUE(members[0].equal(at::arange(40))) << "originals are trained on what was there";
  EXPECT_TRUE(members[1].equal(rows_union(rows_difference(at::arange(40), before), after)));
}

TEST_F(FactEdits, RemovalsAndChangesAreOfOtherFacts) {
  const std::vector<DrawnEdit> edits =
      draw("{remove: {subjects: {count: 6}}, change: {facts: {count: 8}}}");
  const Tensor changed = facts(edits[0].added.rows);
  EXPECT_EQ(changed.numel(), 8) << "all that are left of four subjects";
  EXPECT_EQ(facts(edits[0].removed.rows).numel(), 12 + 8);
  EXPECT_THAT(
      error("{remove: {subjects: {count: 6}}, change: {facts: {count: 9}}}", ErrorKind::kTask),
      HasSubstr("only 8 facts"));
}

TEST_F(FactEdits, RequestsCutChangesIntoFacts) {
  const std::vector<DrawnEdit> edits = draw("{requests: {change: {facts: {count: 7}}, each: 3}}");
  ASSERT_EQ(edits.size(), 3u);
  Tensor seen = at::empty({0}, at::kLong);
  for (std::size_t k = 0; k < 3; ++k) {
    const Tensor own = facts(edits[k].removed.rows);
    EXPECT_EQ(own.numel(), k < 2 ? 3 : 1);
    EXPECT_TRUE(own.equal(facts(edits[k].added.rows)));
    EXPECT_FALSE(at::isin(own, seen).any().item<bool>());
    seen = at::cat({seen, own});
  }
  // The first ones are those of a shorter list.
  const std::vector<DrawnEdit> fewer = draw("{requests: {change: {facts: {count: 3}}, each: 3}}");
  EXPECT_TRUE(fewer[0].removed.rows.equal(edits[0].removed.rows));
}

TEST_F(FactEdits, RequestsCutSelectionsIntoFactsAndSubjects) {
  const std::vector<DrawnEdit> by_fact =
      draw("{requests: {from: {facts: {count: 6, relation: city}}, each: 2}}");
  ASSERT_EQ(by_fact.size(), 3u);
  for (const DrawnEdit& edit : by_fact) {
    EXPECT_EQ(facts(edit.removed.rows).numel(), 2);
    EXPECT_EQ(edit.removed.rows.numel(), 4) << "all sentences of a fact together";
  }
  const std::vector<DrawnEdit> by_subject = draw("{requests: {from: {subjects: {count: 5}}}}");
  ASSERT_EQ(by_subject.size(), 5u);
  for (const DrawnEdit& edit : by_subject) {
    const RowColumn& column = data_.dataset.columns.at(FactColumns::kSubject);
    EXPECT_EQ(edit.removed.rows.numel(), 4);
    for (std::int64_t i = 0; i < 4; ++i) {
      EXPECT_EQ(column.text(edit.removed.rows[i].item<std::int64_t>()),
                column.text(edit.removed.rows[0].item<std::int64_t>()));
    }
  }
  EXPECT_EQ(draw("{requests: {from: {random: {count: 6}}, each: 2}}").size(), 3u);
  EXPECT_THAT(
      error("{requests: {from: {facts: {count: 6}}, each: 2, count: 4}}", ErrorKind::kSettings),
      HasSubstr("4 requests of 2 facts need 8, and 6 are selected"));
}

// A later request finds the world as those before it left it.
TEST_F(FactEdits, AListChangesWhatWasChanged) {
  const std::vector<DrawnEdit> edits = draw(
      "[{change: {facts: {relation: city, to: Bern}}}, "
      "{change: {facts: {relation: city, count: 10, to: Lyon}}}, "
      "{remove: {facts: {relation: city, count: 9}}}]");
  ASSERT_EQ(edits.size(), 3u);
  EXPECT_EQ(facts(edits[0].removed.rows).numel(), 5) << "five lived elsewhere";
  EXPECT_EQ(facts(edits[1].removed.rows).numel(), 10) << "now all live there";
  EXPECT_TRUE(at::isin(edits[0].added.rows, edits[1].removed.rows).all().item<bool>());
  for (std::int64_t i = 0; i < edits[1].removed.rows.numel(); ++i) {
    EXPECT_EQ(object(edits[1].removed.rows[i].item<std::int64_t>()), "Bern");
    EXPECT_EQ(object(edits[1].added.rows[i].item<std::int64_t>()), "Lyon");
  }
  EXPECT_TRUE(at::isin(edits[2].removed.rows, edits[1].added.rows).all().item<bool>());
  const std::vector<Tensor> members = members_over_time(edits, data_.splits.train);
  EXPECT_EQ(members.front().numel(), 40);
  for (std::size_t k = 1; k < 3; ++k) EXPECT_EQ(members[k].numel(), 40);
  EXPECT_EQ(members.back().numel(), 40 - 18);
}

TEST_F(FactEdits, TheSeedDecides) {
  const Tensor a = draw("{change: {facts: {count: 4}}}")[0].removed.rows;
  EXPECT_TRUE(a.equal(draw("{change: {facts: {count: 4}}}")[0].removed.rows));
  EXPECT_FALSE(a.equal(draw("{change: {facts: {count: 4}}}", 1)[0].removed.rows));
}

TEST_F(FactEdits, SayWhatIsWrong) {
  const auto settings_error = [&](const std::string& edit) {
    return error(edit, ErrorKind::kSettings);
  };
  EXPECT_THAT(settings_error("{chnge: {facts: {count: 1}}}"),
              HasSubstr("unknown key 'chnge'; did you mean 'change'?"));
  EXPECT_THAT(settings_error("{change: {}}"), HasSubstr("one of 'facts' and 'subjects'"));
  EXPECT_THAT(settings_error("{change: {facts: {count: 1}}, requests: {}}"),
              HasSubstr("'change' is one edit, and 'requests' are several"));
  EXPECT_THAT(settings_error("{requests: {change: {facts: {count: 1}}, from: {}}}"),
              HasSubstr("needs one of 'from'"));
  EXPECT_THAT(settings_error("{requests: {frm: {facts: {count: 1}}}}"),
              HasSubstr("unknown key 'frm'; did you mean 'from'?"));
  EXPECT_THAT(settings_error("{requests: {from: {facts: {objects: Rome}}}}"),
              HasSubstr("unknown key 'objects'"));
  EXPECT_THAT(error("{change: {facts: {count: 21}}}", ErrorKind::kTask),
              HasSubstr("e.yaml:1:32: 'count' is 21, but there are only 20 facts"));
  const std::string both = error(
      "[{change: {facts: {count: 21}}}, {change: {facts: {relation: cty}}}]", ErrorKind::kTask);
  EXPECT_THAT(both, HasSubstr("request 1: e.yaml:1:33: 'count' is 21"));
  EXPECT_THAT(both, HasSubstr("request 2: e.yaml:1:68: unknown relation 'cty'"));
}

}  // namespace
}  // namespace oubli
