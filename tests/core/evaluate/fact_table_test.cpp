#include "core/evaluate/fact_table.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "core/base/error.h"
#include "experiments/selftest/problems.h"
#include "tests/support/told_facts.h"

namespace oubli {
namespace {

using testing::both;
using testing::rows_where;

// P's city is stated as Arlow and as Calda: two statements of one fact.
std::shared_ptr<const Dataset> small_world() {
  FactTexts texts = testing::told_texts(
      {{"P", 0, "Arlow", 2}, {"P", 0, "Calda"}, {"Q", 0, "Bandor"}, {"Q", 1, "law"}});
  texts.text = {"one cat sees the dog ."};
  return std::make_shared<const Dataset>(load_facts(texts).dataset);
}

TEST(FactTable, StatementsAndPromptsOfAChangedFact) {
  const auto data = small_world();
  const FactTable facts(data);
  const Tensor all = at::arange(data->size());
  const Tensor stating = facts.stating(all);
  EXPECT_EQ(stating.numel(), data->size() - 1) << "all but the text";
  const Tensor arlow = rows_where(*data, "object", "Arlow"),
               calda = rows_where(*data, "object", "Calda");
  ASSERT_EQ(arlow.numel(), 5) << "two wordings twice, and a held-out one";
  EXPECT_EQ(facts.by_statement(arlow).count, 1);
  EXPECT_EQ(facts.by_statement(at::cat({arlow, calda})).count, 2);
  EXPECT_EQ(facts.by_statement(stating).count, 4);
  // Three prompts, whichever answer is stated behind them.
  const Tensor prompts = facts.prompts(at::cat({arlow, calda}));
  EXPECT_EQ(std::get<0>(at::_unique(prompts)).numel(), 3);
  const Tensor wording = rows_where(*data, "wording", "{subject} lives in {object} .");
  const Tensor same = facts.prompts(at::cat({both(arlow, wording), both(calda, wording)}));
  EXPECT_TRUE(same.eq(arlow[0]).all().item<bool>());
  EXPECT_FALSE(facts.prompts(both(rows_where(*data, "subject", "Q"), wording))
                   .eq(arlow[0])
                   .any()
                   .item<bool>());
}

TEST(FactTable, ChoicesAreTheObjectsOfARelation) {
  const auto data = small_world();
  const FactTable facts(data);
  const Tensor cities = rows_where(*data, "relation", "city"),
               fields = rows_where(*data, "relation", "field");
  EXPECT_TRUE(facts.choices(cities).eq(3).all().item<bool>());
  EXPECT_TRUE(facts.choices(fields).eq(1).all().item<bool>());
  std::vector<std::int64_t> tokens;
  for (const char* word : {"Arlow", "Bandor", "Calda"}) {
    tokens.push_back(testing::token_of(*data, word));
  }
  const std::int64_t city = facts.relations(cities)[0].item<std::int64_t>();
  EXPECT_TRUE(facts.tokens(city).equal(std::get<0>(at::tensor(tokens, at::kLong).sort())));
}

TEST(FactTable, ObjectsOfSeveralTokensAreToldByTheirFirst) {
  const auto data =
      testing::told_facts({{"P", 0, "Port Arlow"}, {"Q", 0, "Calda"}, {"R", 0, "Port Bandor"}});
  const FactTable facts(data);
  std::vector<std::int64_t> tokens;
  for (const char* word : {"Port", "Calda"}) tokens.push_back(testing::token_of(*data, word));
  EXPECT_TRUE(facts.tokens(0).equal(std::get<0>(at::tensor(tokens, at::kLong).sort())));
  EXPECT_EQ(facts.choices(at::arange(1)).item<std::int64_t>(), 3);
}

TEST(FactTable, IsOfSentencesThatStateFacts) {
  EXPECT_FALSE(FactTable::is_in(*testing::make_dataset(5, 2, 2)));
  EXPECT_THROW(FactTable(testing::make_dataset(5, 2, 2)), Error);
  EXPECT_TRUE(FactTable::is_in(*testing::make_sentences()));
}

TEST(RowGroups, MeansCountEachGroupOnce) {
  const RowGroups groups{at::tensor({0, 1, 0, 0}, at::kLong), 2};
  const Tensor means = groups.mean(at::tensor({1.0, 5.0, 2.0, 6.0}, at::kDouble));
  EXPECT_TRUE(means.equal(at::tensor({3.0, 5.0}, at::kDouble)));
}

}  // namespace
}  // namespace oubli
