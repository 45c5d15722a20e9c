// Whatever a table, a verdict or an experiment file says can be asked about.
#include "experiments/engine/commands/explain.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <set>
#include <sstream>

#include "core/base/settings_file.h"
#include "experiments/engine/registries.h"
#include "experiments/engine/report/glossary.h"
#include "experiments/engine/report/page/page.h"
#include "experiments/engine/report/report_model.h"
#include "tests/support/files.h"
#include "tests/support/program.h"
#include "tests/support/small_run.h"

namespace oubli {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using testing::run_program;

TEST(Explain, KnowsEveryHeadingAndColumnOfATable) {
  const Results results = load_results(testing::small_run().folder.string(), builtin_metrics());
  const Registries registries = builtin_registries();
  ::testing::internal::CaptureStdout();
  for (const ReportColumn& column : report_model(results).columns) {
    EXPECT_NO_THROW(explain(column.heading, registries)) << column.heading;
    EXPECT_NO_THROW(explain(column.name, registries)) << column.name;
  }
  for (const RowResult& row : results.rows) {
    if (row.is_original() || row.is_noise_floor()) {
      EXPECT_NO_THROW(explain(row.name, registries)) << row.name;
    }
  }
  ::testing::internal::GetCapturedStdout();
}

TEST(Explain, KnowsEveryHeadingOfEveryMetricOnEverySet) {
  const Registries registries = builtin_registries();
  ::testing::internal::CaptureStdout();
  for (const Metric& metric : registries.metrics.entries()) {
    for (const ColumnInfo& info : metric.columns) {
      for (const char* set : {"", "forget", "forget_true", "retain", "test", "added"}) {
        const std::string column = *set == 0 ? info.name : info.name + "/" + set;
        const std::string heading = column_title(column, info.heading);
        EXPECT_NO_THROW(explain(heading, registries)) << heading;
      }
    }
  }
  ::testing::internal::GetCapturedStdout();
}

TEST(Explain, KnowsTheWordsOfVerdicts) {
  for (const char* word :
       {"verdict",     "indistinguishable", "distinguishable", "undecided", "failed",  "among",
        "apart",       "under-forgets",     "over-forgets",    "hurts",     "differs", "margin",
        "power check", "noise floor",       "oracles",         "±",         ">=",      "diverged",
        "refused",     "unchanged",         "completed"}) {
    const testing::ProgramResult said = run_program({"explain", word});
    EXPECT_EQ(said.status, 0) << word << said.err;
    EXPECT_GT(said.out.size(), 30) << word;
  }
  // Without quotes, as a table shows it.
  EXPECT_THAT(run_program({"explain", "noise", "floor"}).out, HasSubstr("the row of the oracles"));
}

TEST(Explain, NamesTheNearestAndNoWall) {
  const std::string message = run_program({"explain", "accuracyy"}).err;
  EXPECT_THAT(message, HasSubstr("did you mean 'accuracy'?"));
  EXPECT_LT(message.size(), 250);
}

TEST(Explain, SendsNamesOfMethodsToDescribe) {
  for (const char* name : {"npo", "biographies", "gpt", "cg", "trak"}) {
    const testing::ProgramResult said = run_program({"explain", name});
    EXPECT_EQ(said.status, 2);
    EXPECT_THAT(said.err, HasSubstr(std::string("`oubli describe ") + name + "`"));
    EXPECT_EQ(run_program({"describe", name}).status, 0) << name;
  }
}

// What papers on editing and unlearning call them leads to columns that are there.
TEST(Explain, KnowsTheFieldsWordsForEditsOfFacts) {
  const Registry<Metric> metrics = builtin_metrics();
  for (const auto& [word, columns] : std::map<std::string, std::vector<std::string>>{
           {"specificity", {"accuracy/same_relation", "accuracy/same_subject", "oracle_distance"}},
           {"paraphrase", {"accuracy/added_reworded", "efficacy/added_reworded"}},
           {"portability", {"accuracy/added_derived", "accuracy/forget_derived"}},
           {"efficacy", {"efficacy"}},
           {"forget quality", {"tofu_forget_quality"}}}) {
    const testing::ProgramResult said = run_program({"explain", word});
    EXPECT_EQ(said.status, 0) << said.err;
    for (const std::string& column : columns) {
      EXPECT_THAT(said.out, HasSubstr(column)) << word;
      EXPECT_NE(find_column(metrics, column), nullptr) << column;
    }
  }
}

TEST(Glossary, HasNoWordTwice) {
  std::set<std::string> words;
  for (const Word& word : glossary()) {
    EXPECT_TRUE(words.insert(word.name).second) << word.name;
    for (const std::string& other : word.others) EXPECT_TRUE(words.insert(other).second) << other;
  }
}

// The keys of a file with every default written out, without the names that are values.
void collect_keys(const Json& json, const std::string& prefix, std::set<std::string>& keys) {
  if (json.is_array()) {
    for (const Json& item : json) collect_keys(item, prefix, keys);
  }
  if (!json.is_object()) return;
  for (const auto& [key, value] : json.items()) {
    keys.insert(key);
    collect_keys(value, key, keys);
  }
}

TEST(Describe, KnowsEveryKeyOfAFile) {
  const Json settings =
      load_results(testing::small_run().folder.string(), builtin_metrics()).resolved;
  std::set<std::string> keys;
  collect_keys(settings, "", keys);
  EXPECT_GT(keys.size(), 40);
  for (const std::string& key : keys) {
    const testing::ProgramResult said = run_program({"describe", key});
    EXPECT_EQ(said.status, 0) << key << ": " << said.err;
  }
}

TEST(Describe, SaysWhatAKeyTakesWhereverItStands) {
  const std::string said = run_program({"describe", "train.optimizer.momentum"}).out;
  EXPECT_THAT(said, HasSubstr("momentum"));
  EXPECT_THAT(said, HasSubstr("default"));
  EXPECT_THAT(run_program({"describe", "weight_decai"}).err,
              HasSubstr("did you mean 'weight_decay'?"));
}

TEST(Describe, KnowsChangesOfFacts) {
  const std::string edit = run_program({"describe", "edit"}).out;
  for (const char* word : {"which facts become others", "Under 'change':", "facts.to",
                           "facts, or give 'fraction'", "subjects, or give 'fraction'"}) {
    EXPECT_THAT(edit, HasSubstr(word));
  }
  EXPECT_THAT(run_program({"describe", "change"}).out, HasSubstr("edit.change\n"));
  EXPECT_THAT(run_program({"describe", "to"}).out, HasSubstr("edit.change.facts.to\n"));
  EXPECT_THAT(run_program({"describe", "edit.change"}).out,
              HasSubstr("{facts: ...} or {subjects: ...}"));
}

// The terminal's width, where the program asks for it, is 80 by default.
TEST(Describe, FoldsAtTheWidthOfTheTerminal) {
  for (const std::vector<std::string>& command : {std::vector<std::string>{"list"},
                                                  {"describe", "newton"},
                                                  {"describe", "experiment"},
                                                  {"describe", "edit"},
                                                  {"describe", "lr"},
                                                  {"explain", "verdict"},
                                                  {"explain", "accuracy"},
                                                  {"--help"},
                                                  {"run", "--help"},
                                                  {"influence", "--help"},
                                                  {"store", "--help"},
                                                  {"show", testing::small_run().folder.string()}}) {
    const testing::ProgramResult said = run_program(command);
    std::istringstream lines(said.out);
    for (std::string line; std::getline(lines, line);) {
      std::size_t shown = 0;
      for (const char c : line) shown += (static_cast<unsigned char>(c) & 0xC0) != 0x80;
      EXPECT_LE(shown, 80) << command.front() << ": " << line;
    }
  }
}

}  // namespace
}  // namespace oubli
