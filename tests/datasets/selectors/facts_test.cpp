// The selectors `facts` and `subjects`, and the changes of facts that an edit asks for.
#include <ATen/ATen.h>
#include <fmt/format.h>
#include <gmock/gmock.h>

#include <array>
#include <cmath>
#include <map>
#include <set>

#include "datasets/language/fact_rows.h"
#include "datasets/language/fact_texts.h"
#include "datasets/selection.h"
#include "datasets/selectors/fact_choice.h"
#include "datasets/source.h"
#include "tests/support/files.h"

namespace oubli {
namespace {

using testing::error_of;
using ::testing::HasSubstr;
using testing::settings_from;

// Twelve people P0 .. P11 with a city of three, a field of two, and an age of their own: odd ones
// are seen twice. Each fact in two wordings, and a held-out one.
LoadedData people() {
  FactTexts texts{.name = "people"};
  for (const char* name : {"city", "field", "age"}) {
    texts.relations.push_back({name,
                               {fmt::format("{{subject}} has the {} {{object}}", name),
                                fmt::format("the {} of {{subject}} : {{object}}", name)},
                               {fmt::format("{{subject}} 's {} : {{object}}", name)}});
  }
  for (int i = 0; i < 12; ++i) {
    const std::string name = fmt::format("P{}", i);
    texts.facts.push_back({name, 0, std::array{"Lyon", "Bern", "Nice"}[i % 3], 1 + i % 2});
    texts.facts.push_back({name, 1, std::array{"law", "music"}[i % 2], 1 + i % 2});
    texts.facts.push_back({name, 2, fmt::format("{}", 30 + i), 1 + i % 2});
  }
  texts.text = {"one cat sees the dog"};
  texts.held_out_text = {"one dog sees the cat"};
  return load_facts(texts);
}

class FactSelectors : public ::testing::Test {
 protected:
  Tensor select(const Json& json, std::uint64_t seed = 0) {
    const Settings settings = settings_from(json, (folder_.path() / "e.yaml").string());
    const Selector selector = configure_selection(settings);
    settings.finish();
    return selector(data_.dataset, data_.splits, Generator(seed)).rows;
  }
  ChosenFacts change(const Json& json, std::uint64_t seed = 0) {
    const Settings settings = settings_from(json, (folder_.path() / "e.yaml").string());
    const FactChoice choice = read_fact_choice(settings, /*changes=*/true);
    settings.finish();
    return choice(data_.dataset, data_.splits.train, Generator(seed));
  }
  std::string select_error(const Json& json, ErrorKind kind = ErrorKind::kTask) {
    const std::string message = error_of(kind, [&] { select(json); });
    EXPECT_THAT(message, HasSubstr("e.yaml:1:1: "));
    return message;
  }
  std::string change_error(const Json& json, ErrorKind kind = ErrorKind::kTask) {
    return error_of(kind, [&] { change(json); });
  }
  std::string text(const char* column, std::int64_t row) {
    return data_.dataset.columns.at(column).text(row);
  }
  std::string object(std::int32_t level) {
    return data_.dataset.columns.at(FactColumns::kObject).levels[static_cast<std::size_t>(level)];
  }
  std::set<std::int64_t> facts_of(const Tensor& rows) {
    std::set<std::int64_t> facts;
    for (std::int64_t i = 0; i < rows.numel(); ++i) {
      facts.insert(fact_numbers(data_.dataset)[rows[i]].item<std::int64_t>());
    }
    return facts;
  }
  std::set<std::string> texts_of(const char* column, const Tensor& rows) {
    std::set<std::string> found;
    for (std::int64_t i = 0; i < rows.numel(); ++i) {
      found.insert(text(column, rows[i].item<std::int64_t>()));
    }
    return found;
  }
  // All training rows that say the facts of these rows are among them.
  bool are_whole(const Tensor& rows) {
    const Tensor facts = fact_numbers(data_.dataset);
    const Tensor own = facts.index_select(0, data_.splits.train);
    const Tensor theirs = at::isin(own, facts.index_select(0, rows));
    return data_.splits.train.index({theirs}).equal(rows);
  }

  testing::TemporaryFolder folder_;
  LoadedData data_ = people();
};

TEST_F(FactSelectors, TakeAllSentencesOfAFact) {
  const Tensor rows = select({{"facts", {{"count", 5}}}});
  EXPECT_EQ(facts_of(rows).size(), 5u);
  EXPECT_TRUE(are_whole(rows));
  EXPECT_TRUE(at::isin(rows, data_.splits.train).all().item<bool>());
  EXPECT_TRUE(rows.equal(select({{"facts", {{"count", 5}}}})));
  EXPECT_FALSE(rows.equal(select({{"facts", {{"count", 5}}}}, 1)));
  const Tensor more = select({{"facts", {{"count", 9}}}});
  EXPECT_TRUE(at::isin(rows, more).all().item<bool>()) << "a smaller count is a part";
  EXPECT_EQ(facts_of(select({{"facts", {{"fraction", 0.25}}}})).size(), 9u);
}

TEST_F(FactSelectors, ChooseByRelationAndRepeats) {
  const Tensor cities = select({{"facts", {{"count", 4}, {"relation", "city"}}}});
  EXPECT_EQ(texts_of(FactColumns::kRelation, cities), std::set<std::string>{"city"});
  EXPECT_EQ(facts_of(cities).size(), 4u);
  const Tensor all = select({{"facts", {{"relation", "city"}}}});
  EXPECT_EQ(facts_of(all).size(), 12u) << "without a count all of them";
  const Tensor twice = select({{"facts", {{"repeats", 2}}}});
  EXPECT_EQ(facts_of(twice).size(), 18u);
  EXPECT_EQ(twice.numel(), 18 * 2 * 2);
  const Tensor both = select({{"facts", {{"repeats", 2}, {"relation", "age"}, {"fraction", 0.5}}}});
  EXPECT_EQ(facts_of(both).size(), 3u);
}

TEST_F(FactSelectors, ChooseByObject) {
  const Tensor bern = select({{"facts", {{"object", "Bern"}}}});
  EXPECT_EQ(facts_of(bern).size(), 4u);
  EXPECT_EQ(texts_of(FactColumns::kObject, bern), std::set<std::string>{"Bern"});
  const Tensor people = select({{"subjects", {{"relation", "city"}, {"object", "Bern"}}}});
  EXPECT_EQ(texts_of(FactColumns::kSubject, people), texts_of(FactColumns::kSubject, bern));
  EXPECT_EQ(facts_of(people).size(), 12u) << "all their facts";
  EXPECT_EQ(facts_of(select({{"subjects", {{"object", "law"}, {"count", 2}}}})).size(), 6u);
  EXPECT_THAT(select_error({{"facts", {{"relation", "city"}, {"object", "law"}}}}),
              HasSubstr("training says 'law' of nothing as 'city' now."));
  EXPECT_THAT(select_error({{"subjects", {{"object", "Brn"}}}}), HasSubstr("did you mean 'Bern'?"));
  const ChosenFacts moved =
      change({{"facts", {{"relation", "city"}, {"object", "Bern"}, {"to", "Nice"}}}});
  EXPECT_EQ(moved.facts.numel(), 4);
}

TEST_F(FactSelectors, ChooseByWhenTrainingSeesThem) {
  EXPECT_THAT(select_error({{"facts", {{"first_seen", 0.5}}}}),
              HasSubstr("training sees no fact first when 0.5 of it is over; it sees them at 0."));
  const std::vector<double> late = data_.dataset.columns.at(FactColumns::kRepeats).numbers;
  for (const double repeats : late) {  // those that are seen twice
    data_.dataset.columns[FactColumns::kFirstSeen].numbers.push_back(repeats == 2 ? 0.75 : 0);
  }
  EXPECT_TRUE(select({{"subjects", {{"first_seen", 0.75}}}})
                  .equal(select({{"subjects", {{"repeats", 2}}}})));
  EXPECT_EQ(facts_of(select({{"facts", {{"first_seen", 0}, {"count", 4}}}})).size(), 4u);
}

TEST_F(FactSelectors, TakeAllFactsOfASubject) {
  const Tensor drawn = select({{"subjects", {{"count", 3}}}});
  EXPECT_EQ(texts_of(FactColumns::kSubject, drawn).size(), 3u);
  EXPECT_EQ(facts_of(drawn).size(), 9u);
  EXPECT_TRUE(are_whole(drawn));
  const Tensor named = select({{"subjects", {{"names", {"P3", "P10"}}}}});
  EXPECT_EQ(texts_of(FactColumns::kSubject, named), (std::set<std::string>{"P3", "P10"}));
  EXPECT_TRUE(named.equal(select({{"ids", {"P10", "P3"}}}))) << "subjects are the ids of rows";
  EXPECT_EQ(facts_of(select({{"subjects", {{"repeats", 1}}}})).size(), 18u);
}

TEST_F(FactSelectors, ReadAFile) {
  folder_.write("f.csv", "note;relation;subject\nx;city;P1\n;age;P7\n");
  const Tensor rows = select({{"facts", {{"file", "f.csv"}}}});
  EXPECT_EQ(texts_of(FactColumns::kSubject, rows), (std::set<std::string>{"P1", "P7"}));
  EXPECT_EQ(facts_of(rows).size(), 2u);
  folder_.write("f.csv", "subject,relation\nP1,citty\nP99,city\nP2,city\nP2,city\n");
  const std::string message = error_of(ErrorKind::kTask, [&] {
    select({{"facts", {{"file", "f.csv"}}}});
  });
  EXPECT_THAT(message, HasSubstr("f.csv:2:4: unknown relation 'citty'; did you mean 'city'?"));
  EXPECT_THAT(message, HasSubstr("f.csv:3:1: unknown subject 'P99'"));
  EXPECT_THAT(message, HasSubstr("f.csv:5:1: this fact stands in the file twice"));
  folder_.write("f.csv", "subject,relatoin\nP1,city\n");
  EXPECT_THAT(select_error({{"facts", {{"file", "f.csv"}}}}),
              HasSubstr("f.csv:1: unknown column 'relation'; did you mean 'relatoin'?"));
  EXPECT_THAT(select_error({{"facts", {{"file", "lost.csv"}}}}), HasSubstr("lost.csv"));
}

TEST_F(FactSelectors, SayWhatIsWrong) {
  EXPECT_THAT(select_error({{"facts", {{"count", 100000}}}}),
              HasSubstr("'count' is 100000, but there are only 36 facts to choose from"));
  EXPECT_THAT(select_error({{"subjects", {{"count", 13}}}}), HasSubstr("only 12 subjects"));
  EXPECT_THAT(select_error({{"facts", {{"relation", "citty"}}}}),
              HasSubstr("unknown relation 'citty'; did you mean 'city'?"));
  EXPECT_THAT(select_error({{"facts", {{"count", 1}, {"repeats", 16}}}}),
              HasSubstr("training sees no fact 16 times; it sees them 1, 2 times"));
  EXPECT_THAT(select_error({{"subjects", {{"names", {"P33"}}}}}),
              HasSubstr("unknown subject 'P33'"));
  EXPECT_THAT(select_error({{"subjects", {{"names", {"P3", "P3"}}}}}),
              HasSubstr("'P3' is named twice"));
}

TEST_F(FactSelectors, RefuseTwoWaysAtOnce) {
  const auto message = [&](const Json& json) { return select_error(json, ErrorKind::kSettings); };
  EXPECT_THAT(message({{"facts", {{"count", 1}, {"fraction", 0.1}}}}), HasSubstr("found both"));
  EXPECT_THAT(message({{"facts", Json::object()}}), HasSubstr("found neither"));
  EXPECT_THAT(message({{"subjects", {{"names", {"P1"}}, {"count", 1}}}}),
              HasSubstr("found both 'names' and 'count'"));
  folder_.write("f.csv", "subject,relation\nP1,city\n");
  EXPECT_THAT(message({{"facts", {{"file", "f.csv"}, {"fraction", 0.5}}}}),
              HasSubstr("found both 'file' and 'fraction'"));
  EXPECT_THAT(message({{"facts", {{"count", 1}, {"to", "other"}}}}),
              HasSubstr("it stands under `change`"));
}

// Rather than of what is missing beside it.
TEST_F(FactSelectors, AKeyThatIsNoneIsSpokenOf) {
  const auto of_change = [&](const Json& json) { return change_error(json, ErrorKind::kSettings); };
  const auto message = [&](const Json& json) { return select_error(json, ErrorKind::kSettings); };
  EXPECT_THAT(message({{"facts", {{"objects", "Rome"}}}}),
              HasSubstr("unknown key 'objects'; did you mean 'object'? Valid: file, relation, "
                        "object, repeats, first_seen, count, fraction."));
  EXPECT_THAT(message({{"facts", {{"attribute", "city"}}}}), HasSubstr("unknown key 'attribute'"));
  EXPECT_THAT(message({{"facts", {{"relaton", "city"}}}}),
              HasSubstr("unknown key 'relaton'; did you mean 'relation'?"));
  EXPECT_THAT(message({{"subjects", {{"where", Json::object()}}}}),
              HasSubstr("unknown key 'where'. Valid: names, relation, object, repeats, "
                        "first_seen, count, fraction."));
  EXPECT_THAT(of_change({{"facts", {{"too", "Rome"}}}}),
              HasSubstr("unknown key 'too'; did you mean 'to'?"));
  EXPECT_THAT(of_change({{"subjects", {{"name", "P1"}}}}),
              HasSubstr("unknown key 'name'; did you mean 'names'?"));
}

TEST_F(FactSelectors, OtherDataSaysNoFacts) {
  data_ = builtin_datasets().find("digits").configure(settings_from(Json::object()))({});
  for (const char* selector : {"facts", "subjects"}) {
    EXPECT_THAT(select_error({{selector, {{"count", 1}}}}), HasSubstr("'digits' says no facts"));
    EXPECT_THAT(change_error({{selector, {{"count", 1}}}}), HasSubstr("'digits' says no facts"));
  }
}

// Classes are given to examples that have one each.
TEST_F(FactSelectors, SentencesAreNotSpoilt) {
  for (const Json& json :
       {Json{{"mislabelled", {{"count", 3}}}}, Json{{"noisy", {{"count", 3}}}}}) {
    EXPECT_THAT(select_error(json), HasSubstr("spoils examples with one label or target each"));
  }
  const auto load = builtin_datasets()
                        .find("biographies")
                        .configure(settings_from({{"people", 5}, {"label_noise", 0.5}}));
  EXPECT_THAT(error_of(ErrorKind::kSettings, [&] { load({}); }),
              HasSubstr("these examples are sequences of tokens"));
}

// What a run writes down with every default is read again, by those that do its work.
TEST_F(FactSelectors, AreReadAgainFromWhatWasResolved) {
  folder_.write("f.csv", "subject,relation,object\nP1,city,Lyon\n");
  for (const Json& json :
       {Json{{"facts", {{"count", 3}}}}, Json{{"facts", {{"relation", "age"}}}},
        Json{{"subjects", {{"count", 2}}}}, Json{{"subjects", {{"names", {"P1"}}}}},
        Json{{"facts", {{"file", "f.csv"}}}}}) {
    const Settings settings = settings_from(json, (folder_.path() / "e.yaml").string());
    read_fact_choice(settings, true);
    const ChosenFacts first = change(json), again = change(settings.resolved());
    EXPECT_TRUE(first.facts.equal(again.facts)) << json;
    EXPECT_EQ(first.objects, again.objects) << json;
  }
}

TEST_F(FactSelectors, ChangesDrawOtherObjectsOfTheRelation) {
  const FactIndex index(data_.dataset);
  const RowColumn& relations = data_.dataset.columns.at(FactColumns::kRelation);
  const ChosenFacts chosen = change({{"facts", {{"count", 30}}}});
  ASSERT_EQ(chosen.facts.numel(), 30);
  ASSERT_EQ(chosen.objects.size(), 30u);
  for (std::int64_t k = 0; k < 30; ++k) {
    const std::int64_t fact = chosen.facts[k].item<std::int64_t>();
    const std::int32_t object = chosen.objects[static_cast<std::size_t>(k)];
    EXPECT_NE(object, index.at(fact).object);
    const auto all = objects_of_relation(data_.dataset, index.at(fact).relation);
    EXPECT_TRUE(std::binary_search(all.begin(), all.end(), object));
  }
  EXPECT_EQ(relations.levels.size(), 3u);
  EXPECT_EQ(change({{"facts", {{"count", 30}}}}).objects, chosen.objects);
  EXPECT_NE(change({{"facts", {{"count", 30}}}}, 1).objects, chosen.objects);
}

// Drawn uniformly of the others: one fact, many seeds.
TEST_F(FactSelectors, ChangesDrawEveryOtherObject) {
  std::map<std::string, int> counts;
  constexpr int kSeeds = 600;
  folder_.write("f.csv", "subject,relation\nP0,city\n");
  for (int seed = 0; seed < kSeeds; ++seed) {
    const ChosenFacts chosen =
        change({{"facts", {{"file", "f.csv"}, {"to", "other"}}}}, static_cast<std::uint64_t>(seed));
    ++counts[object(chosen.objects.at(0))];
  }
  ASSERT_EQ(counts.size(), 2u);
  for (const char* city : {"Bern", "Nice"}) {
    EXPECT_NEAR(counts[city], kSeeds / 2.0, 5 * std::sqrt(kSeeds) / 2) << city;
  }
}

TEST_F(FactSelectors, ChangesToANamedObjectAreOfFactsWithoutIt) {
  const FactIndex index(data_.dataset);
  const ChosenFacts chosen = change({{"facts", {{"relation", "city"}, {"to", "Bern"}}}});
  EXPECT_EQ(chosen.facts.numel(), 8) << "four live there already";
  for (std::int64_t k = 0; k < 8; ++k) {
    EXPECT_NE(object(index.at(chosen.facts[k].item<std::int64_t>()).object), "Bern");
    EXPECT_EQ(object(chosen.objects[static_cast<std::size_t>(k)]), "Bern");
  }
  EXPECT_THAT(change_error({{"facts", {{"count", 9}, {"relation", "city"}, {"to", "Bern"}}}}),
              HasSubstr("only 8 facts"));
  EXPECT_THAT(change_error({{"facts", {{"count", 1}, {"relation", "city"}, {"to", "Brn"}}}}),
              HasSubstr("unknown object 'Brn'; did you mean 'Bern'?"));
  EXPECT_THAT(change_error({{"facts", {{"count", 1}, {"to", "Bern"}}}}),
              HasSubstr("'Bern' is no object of the relation 'field': `facts: {relation: ...}`"));
}

TEST_F(FactSelectors, ChangesOfAFileSayWhatFactsBecome) {
  folder_.write("f.csv", "subject,relation,object\nP4,city,Nice\nP1,age,30\n");
  const ChosenFacts chosen = change({{"facts", {{"file", "f.csv"}}}});
  ASSERT_EQ(chosen.objects.size(), 2u);
  EXPECT_EQ(object(chosen.objects[0]), "Nice");
  EXPECT_EQ(object(chosen.objects[1]), "30");
  const FactIndex index(data_.dataset);
  EXPECT_EQ(object(index.at(chosen.facts[0].item<std::int64_t>()).object), "Bern");
  folder_.write("f.csv", "subject,relation,object\nP4,city,Bern\nP1,age,3000\n");
  const std::string message = change_error({{"facts", {{"file", "f.csv"}}}});
  EXPECT_THAT(message, HasSubstr("f.csv:2:9: 'Bern' is what training sees already"));
  EXPECT_THAT(message, HasSubstr("f.csv:3:8: unknown object '3000'"));
  folder_.write("f.csv", "subject,relation\nP4,city\n");
  EXPECT_THAT(change_error({{"facts", {{"file", "f.csv"}}}}), HasSubstr("unknown column 'object'"));
}

TEST_F(FactSelectors, ChangesOfNothingAreAnError) {
  EXPECT_THAT(change_error({{"facts", {{"fraction", 0.001}}}}), HasSubstr("no fact is chosen"));
  EXPECT_THAT(change_error({{"random", {{"count", 1}}}}, ErrorKind::kSettings),
              HasSubstr("unknown key 'random'. Valid: facts, subjects."));
  EXPECT_THAT(change_error(Json::object(), ErrorKind::kSettings),
              HasSubstr("expected one of 'facts' and 'subjects'"));
  const Json both = {{"facts", {{"count", 1}}}, {"subjects", {{"count", 1}}}};
  EXPECT_THAT(change_error(both, ErrorKind::kSettings), HasSubstr("expected one of"));
  FactTexts texts{.name = "alike"};
  texts.relations = {{"city", {"{subject} in {object}"}, {}}};
  texts.facts = {{"A", 0, "Lyon"}, {"B", 0, "Lyon"}};
  data_ = load_facts(texts);
  EXPECT_THAT(change_error({{"facts", {{"count", 1}}}}), HasSubstr("have one object"));
}

}  // namespace
}  // namespace oubli
