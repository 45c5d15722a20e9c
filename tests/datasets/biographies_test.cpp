#include <ATen/ATen.h>
#include <gmock/gmock.h>

#include <cmath>
#include <map>
#include <set>

#include "core/data/fact_columns.h"
#include "datasets/language/fact_rows.h"
#include "datasets/source.h"
#include "tests/support/files.h"
#include "tests/support/sentences.h"

namespace oubli {
namespace {

using testing::error_of;
using ::testing::HasSubstr;

LoadedData biographies(const Json& settings = Json::object()) {
  return builtin_datasets().find("biographies").configure(testing::settings_from(settings))({});
}

// The object of each fact, by relation, in the order of the people.
std::map<std::string, std::vector<std::string>> objects(const Dataset& data) {
  std::map<std::string, std::vector<std::string>> all;
  std::set<std::int64_t> seen;
  for (std::int64_t row = 0; row < data.size(); ++row) {
    const auto fact = data.sequences.fact[row].item<std::int64_t>();
    if (fact < 0 || !seen.insert(fact).second) continue;
    all[data.columns.at(FactColumns::kRelation).text(row)].push_back(
        data.columns.at(FactColumns::kObject).text(row));
  }
  return all;
}

// Pearson's statistic of counts against the uniform distribution over `values` of them, in its own
// deviations: about 0, and above 5 by chance once in a million.
double excess(const std::map<std::string, int>& counts, double values, double n) {
  double statistic = (values - static_cast<double>(counts.size())) * n / values;
  for (const auto& [value, count] : counts) {
    statistic += std::pow(count - n / values, 2) / (n / values);
  }
  return (statistic - (values - 1)) / std::sqrt(2 * (values - 1));
}

TEST(Biographies, EveryPersonHasFiveFactsInFiveAndTwoWordings) {
  const LoadedData loaded = biographies({{"people", 40}, {"filler", 0}});
  EXPECT_EQ(loaded.splits.train.numel(), 40 * 5 * 5);
  EXPECT_EQ(loaded.splits.test.numel(), 40 * 5 * 2);
  EXPECT_EQ(fact_numbers(loaded.dataset).max().item<std::int64_t>(), 40 * 5 - 1);
  const RowColumn& subjects = loaded.dataset.columns.at(FactColumns::kSubject);
  EXPECT_EQ(subjects.levels.size(), 40u) << "no two people of one name";
  for (const auto& [relation, values] : objects(loaded.dataset)) EXPECT_EQ(values.size(), 40u);
}

TEST(Biographies, ValuesAreUniformAndIndependent) {
  const int people = 4096;
  const auto all =
      objects(biographies({{"people", people}, {"wordings", 1}, {"filler", 0}}).dataset);
  const std::map<std::string, double> values = {
      {"birth_year", 64}, {"city", 64}, {"employer", 32}, {"university", 32}, {"field", 16}};
  ASSERT_EQ(all.size(), values.size());
  for (const auto& [relation, own] : all) {
    std::map<std::string, int> counts;
    for (const std::string& value : own) ++counts[value];
    EXPECT_LT(std::abs(excess(counts, values.at(relation), people)), 5) << relation;
    for (const auto& [other, others] : all) {
      if (other <= relation) continue;
      std::map<std::string, int> pairs;
      for (std::size_t i = 0; i < own.size(); ++i) ++pairs[own[i] + "/" + others[i]];
      const double cells = values.at(relation) * values.at(other);
      EXPECT_LT(std::abs(excess(pairs, cells, people)), 5) << relation << " and " << other;
    }
  }
}

// Held-out wordings are made of words that training sees, or they would ask for what nobody knows.
TEST(Biographies, HeldOutWordsAreTrainedOn) {
  const LoadedData loaded = biographies();
  const Tensor next = loaded.dataset.sequences.next;
  const auto words = [&](const Tensor& rows) { return next.index_select(0, rows).flatten(); };
  EXPECT_TRUE(at::isin(words(loaded.splits.test), words(loaded.splits.train)).all().item<bool>());
  const RowColumn& wordings = loaded.dataset.columns.at(FactColumns::kWording);
  std::set<std::string> trained;
  for (std::int64_t i = 0; i < loaded.splits.train.numel(); ++i) {
    trained.insert(wordings.text(loaded.splits.train[i].item<std::int64_t>()));
  }
  for (std::int64_t i = 0; i < loaded.splits.test.numel(); ++i) {
    const std::string wording = wordings.text(loaded.splits.test[i].item<std::int64_t>());
    EXPECT_TRUE(wording.empty() || !trained.contains(wording)) << wording;
  }
}

TEST(Biographies, AShareIsTextWithoutFacts) {
  for (const double share : {0.0, 0.1, 0.5}) {
    const LoadedData loaded = biographies({{"people", 50}, {"filler", share}});
    const Tensor facts = fact_numbers(loaded.dataset);
    const Tensor is_text = facts.index_select(0, loaded.splits.train).lt(0);
    EXPECT_NEAR(is_text.to(at::kDouble).mean().item<double>(), share, 1e-3);
    const bool has_text = facts.index_select(0, loaded.splits.test).lt(0).any().item<bool>();
    EXPECT_EQ(has_text, share > 0);
  }
}

// A line of text says what follows from what stands before it.
TEST(Biographies, TextHasItsAnswerLast) {
  const LoadedData loaded = biographies({{"people", 30}, {"filler", 0.5}});
  const Dataset& data = loaded.dataset;
  int sums = 0;
  for (std::int64_t row = 0; row < data.size(); ++row) {
    if (data.sequences.fact[row].item<std::int64_t>() >= 0) continue;
    const std::string text = testing::text_asked(data, row);
    const std::string answer = testing::text_asked(data, row, /*answer=*/true);
    EXPECT_THAT(text, HasSubstr(" " + answer + " . <s>"));
    int a = 0, b = 0;
    if (std::sscanf(text.c_str(), "%d plus %d is", &a, &b) != 2) continue;
    ++sums;
    EXPECT_EQ(answer, std::to_string(a + b));
  }
  EXPECT_GT(sums, 100);
}

TEST(Biographies, FrequenciesRepeatAPersonsSentences) {
  const LoadedData loaded =
      biographies({{"people", 60}, {"frequencies", {1, 4}}, {"wordings", 2}, {"filler", 0}});
  const Dataset& data = loaded.dataset;
  std::map<std::string, std::map<std::string, int>> times;  // by subject and wording
  std::map<std::string, double> repeats;
  for (std::int64_t i = 0; i < loaded.splits.train.numel(); ++i) {
    const auto row = loaded.splits.train[i].item<std::int64_t>();
    const std::string subject = data.columns.at(FactColumns::kSubject).text(row);
    ++times[subject][data.columns.at(FactColumns::kWording).text(row)];
    repeats[subject] =
        data.columns.at(FactColumns::kRepeats).numbers[static_cast<std::size_t>(row)];
  }
  std::map<double, int> people;
  for (const auto& [subject, own] : times) {
    ++people[repeats[subject]];
    for (const auto& [wording, count] : own) EXPECT_EQ(count, repeats[subject]) << subject;
  }
  ASSERT_EQ(people.size(), 2u);
  EXPECT_GT(people[1], 10);
  EXPECT_GT(people[4], 10);
}

TEST(Biographies, CitiesOfTwoWordsAreAnswersOfTwoTokens) {
  const LoadedData loaded = biographies({{"people", 30}, {"city_words", 2}});
  const Dataset& data = loaded.dataset;
  for (std::int64_t row = 0; row < data.size(); ++row) {
    if (data.sequences.fact[row].item<std::int64_t>() < 0) continue;
    const bool is_city = data.columns.at(FactColumns::kRelation).text(row) == "city";
    EXPECT_EQ(data.sequences.answer_size[row].item<std::int64_t>(), is_city ? 2 : 1);
  }
}

TEST(Biographies, TheSeedDecides) {
  const auto hash = [](const Json& settings) {
    return biographies(settings).dataset.content_hash();
  };
  EXPECT_EQ(hash({{"people", 20}}), hash({{"people", 20}}));
  EXPECT_NE(hash({{"people", 20}}), hash({{"people", 20}, {"seed", 1}}));
  EXPECT_NE(hash({{"people", 20}}), hash({{"people", 20}, {"context", 40}}));
}

TEST(Biographies, ANumberOfTimesIsNeeded) {
  EXPECT_THAT(error_of(ErrorKind::kSettings,
                       [] {
                         biographies({{"frequencies", Json::array()}});
                       }),
              HasSubstr("at least once"));
}

TEST(Biographies, CountriesFollowFromCities) {
  const LoadedData loaded = biographies({{"people", 60}, {"countries", 4}, {"filler", 0}});
  const Dataset& data = loaded.dataset;
  const auto text = [&](const char* name, std::int64_t row) {
    return data.columns.at(name).text(row);
  };
  std::map<std::string, std::string> city_of, country_of;  // by person and city
  for (std::int64_t row = 0; row < data.size(); ++row) {
    const std::string relation = text(FactColumns::kRelation, row);
    if (relation == "city") {
      city_of[text(FactColumns::kSubject, row)] = text(FactColumns::kObject, row);
    } else if (relation == "located_in") {
      country_of[text(FactColumns::kSubject, row)] = text(FactColumns::kObject, row);
    }
  }
  EXPECT_EQ(country_of.size(), 64u);
  std::set<std::string> countries, said, unsaid;
  const Tensor is_trained = at::isin(at::arange(data.size()), loaded.splits.train);
  for (std::int64_t row = 0; row < data.size(); ++row) {
    if (text(FactColumns::kRelation, row) != "country") continue;
    const std::string person = text(FactColumns::kSubject, row);
    EXPECT_EQ(text(FactColumns::kObject, row), country_of.at(city_of.at(person)));
    countries.insert(text(FactColumns::kObject, row));
    if (is_trained[row].item<bool>()) said.insert(person);
    if (text(FactColumns::kKind, row) == "derived") unsaid.insert(person);
  }
  EXPECT_EQ(countries.size(), 4u);
  EXPECT_EQ(said.size(), 30u);
  EXPECT_EQ(unsaid.size(), 30u);
  for (const std::string& person : unsaid) EXPECT_FALSE(said.contains(person)) << person;
}

TEST(Biographies, SomePeopleComeLate) {
  const Dataset data = biographies({{"people", 40}, {"late", 0.25}, {"late_from", 0.5}}).dataset;
  std::map<std::string, std::set<double>> first_seen;
  for (std::int64_t row = 0; row < data.size(); ++row) {
    const std::string person = data.columns.at(FactColumns::kSubject).text(row);
    first_seen[person].insert(data.first_seen[row].item<double>());
  }
  int late = 0;
  for (const auto& [person, times] : first_seen) {
    ASSERT_EQ(times.size(), 1u) << person;
    late += *times.begin() == 0.5 ? 1 : 0;
  }
  EXPECT_EQ(first_seen[""], std::set<double>{0}) << "text without facts";
  EXPECT_EQ(late, 10);
}

}  // namespace
}  // namespace oubli
