// A paper of one small experiment, by the program itself.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "core/base/file.h"
#include "core/base/json.h"
#include "experiments/engine/reproduce/paper.h"
#include "tests/support/files.h"
#include "tests/support/program.h"
#include "tests/support/temporary_folder.h"

namespace oubli {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kExperiment = R"(
title: Ridge regression
data: {name: linear_regression, features: 5, examples: 60, test_examples: 20}
model: {name: linear, dtype: float64}
train: {loss: squared_error, l2: 0.01, optimizer: {name: lbfgs, tolerance: 1.0e-10}}
edit: {remove: {random: {count: 3}}}
methods: [retrain, {newton: {damping: 0}}, identity]
seeds: {training: 2, oracle: 2}
measure: [loss, distance]
)";

std::string paper(const std::string& rest) {
  return "title: T\ncitation: A and B 2026\nshows: a step\nminutes: {quick: 1, normal: 2}\nruns:\n"
         "  main:\n    file: a.yaml\n"
         "    over: {l2: {settings: [train.l2, data.noise = 2 * $l2], values: [0.01, 0.1]}}\n"
         "    rounds: {settings: [data.seed], count: 3}\n    quick: {rounds: 2}\n" +
         rest;
}

constexpr const char* kTables = R"(
tables:
  - title: Table 1
    source: page 3
    confidence: confirmed
    tolerance: 1.0e-6
    ours: "{main(l2=$l2)/newton/distance}"
    cells: [{l2: 0.01, published: 0}, {l2: 0.1, published: 5}]
)";

class Reproduce : public ::testing::Test {
 protected:
  void write(const std::string& rest) {
    folder_.write("papers/key/paper.yaml", paper(rest));
    folder_.write("papers/key/a.yaml", kExperiment);
  }
  testing::ProgramResult run(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "reproduce");
    for (const std::string& more : {std::string("--papers"), (folder_ / "papers").string(),
                                    std::string("--store"), (folder_ / "store").string()}) {
      arguments.push_back(more);
    }
    return testing::run_program(arguments);
  }
  std::string output() const { return (folder_ / "out").string(); }

  testing::TemporaryFolder folder_;
};

TEST_F(Reproduce, HoldsCellsAndClaimsAgainstThePaper) {
  write(std::string(kTables) + R"(
claims:
  - claim: one step is retraining at $l2
    expression: "{main(l2=$l2)/newton/distance}"
    each: [{l2: 0.01}, {l2: 0.1}]
    below: 1.0e-6
    must: true
  - {claim: refuted, expression: "{main(l2=0.1)/identity/loss/test} + 90", below: 0}
  - claim: of two rows
    expression: "{main(l2=0.1)/identity/loss/test} - 0.1 * {main(l2=0.1)/newton/loss/test} + 90"
    above: 0
  - {claim: no value, expression: "{main(l2=0.1)/retrain/report.details.none}", above: 0}
)");
  const testing::ProgramResult result = run({"key", "--output", output()});
  EXPECT_EQ(result.status, 0) << result.err;
  const Json made = parse_json(read_text_file(folder_ / "out/reproduced.json"));
  EXPECT_EQ(made.at("runs"), 6);
  EXPECT_EQ(made.at("cached_stages"), 0);
  EXPECT_GT(made.at("stages"), 60);
  const Json& cells = made.at("tables").at(0).at("cells");
  EXPECT_EQ(cells.at(0).at("cell"), "l2 0.01");
  EXPECT_TRUE(cells.at(0).at("met").get<bool>());
  EXPECT_FALSE(cells.at(1).at("met").get<bool>());
  EXPECT_EQ(cells.at(0).at("ours").at("n"), 3);  // rounds
  const Json& claims = made.at("claims");
  ASSERT_EQ(claims.size(), 5U);
  EXPECT_EQ(claims.at(1).at("claim"), "one step is retraining at 0.1");
  EXPECT_EQ(claims.at(1).at("outcome"), "holds");
  EXPECT_EQ(claims.at(2).at("outcome"), "refuted");
  EXPECT_EQ(claims.at(3).at("outcome"), "holds");
  EXPECT_THAT(claims.at(3).at("decided_by").get<std::string>(), HasSubstr("3 rounds"));
  EXPECT_EQ(claims.at(4).at("outcome"), "no value");
  const std::string text = read_text_file(folder_ / "out/reproduced.md");
  EXPECT_THAT(text, HasSubstr("2 published numbers, 2 of them read in their source; 1 are met."));
  EXPECT_THAT(read_text_file(folder_ / "out/reproduced.csv"), HasSubstr("cell,Table 1,l2 0.1"));
  EXPECT_THAT(read_text_file(folder_ / "out/reproduced.tex"), HasSubstr("\\begin{tabular}"));
}

TEST_F(Reproduce, FailsWhereAClaimThatMustHoldDoesNot) {
  write(
      "claims:\n  - {claim: it is far, expression: \"{main(l2=0.1)/newton/distance}\", above: 1, "
      "must: true}\n");
  const testing::ProgramResult result = run({"key", "--quick", "--output", output()});
  EXPECT_EQ(result.status, 1);
  EXPECT_THAT(result.err, HasSubstr("must hold and does not: it is far"));
  EXPECT_EQ(run({"key", "--quick", "--output", output()}).status, 1);  // in the same folder again
}

TEST_F(Reproduce, ListsPapersAndKnowsTheirNames) {
  write(kTables);
  const testing::ProgramResult list = run({});
  EXPECT_EQ(list.status, 0);
  EXPECT_THAT(list.out, HasSubstr("key                 a step (quick 1, normal 2 min)"));
  const testing::ProgramResult unknown = run({"kay"});
  EXPECT_NE(unknown.status, 0);
  EXPECT_THAT(unknown.err, HasSubstr("did you mean 'key'"));
}

TEST_F(Reproduce, KnowsABadExpressionBeforeAnythingIsRun) {
  write("claims:\n  - {claim: c, expression: \"{main(l2=0.1)/newton}\", below: 1}\n");
  const testing::ProgramResult result = run({"key", "--output", output()});
  EXPECT_NE(result.status, 0);
  EXPECT_THAT(result.err, HasSubstr("{RUN/ROW/COLUMN} was expected"));
  EXPECT_FALSE(std::filesystem::exists(folder_ / "store"));
}

TEST_F(Reproduce, MarksWhatWasNotRead) {
  std::string tables = kTables;
  tables.replace(tables.find("confirmed"), 9, "recalled");
  write(tables);
  const testing::ProgramResult result = run({"key", "--quick", "--output", output()});
  EXPECT_EQ(result.status, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("recalled"));
  EXPECT_THAT(result.out, Not(HasSubstr("published  ")));
  EXPECT_THAT(read_text_file(folder_ / "out/reproduced.md"), HasSubstr("5 (recalled)"));
}

TEST_F(Reproduce, SaysWhatAPaperSaysWrongly) {
  const auto problem = [&](const std::string& rest) {
    write(rest);
    const testing::ProgramResult result = run({"key", "--quick", "--output", output()});
    EXPECT_NE(result.status, 0);
    return result.err;
  };
  const auto claim = [](const std::string& rest) {
    return "claims:\n  - {claim: c, expression: \"{" + rest + "\"";
  };
  EXPECT_THAT(problem(claim("mian(l2=0.1)/newton/distance}") + ", below: 1}\n"),
              HasSubstr("did you mean 'main'"));
  EXPECT_THAT(problem(claim("main(l2=3)/newton/distance}") + ", below: 1}\n"),
              HasSubstr("it has (l2=0.01), (l2=0.1)"));
  EXPECT_THAT(problem(claim("main(l2=0.1)/nevton/distance}") + ", below: 1}\n"),
              HasSubstr("did you mean 'newton'"));
  EXPECT_THAT(problem(claim("main(l2=0.1)/newton/distence}") + ", below: 1}\n"),
              HasSubstr("did you mean 'distance'"));
  EXPECT_THAT(problem(claim("main(l2=0.1)/newton/distance}") + "}\n"),
              HasSubstr("one of 'below', 'above' and 'between'"));
  EXPECT_THAT(problem(claim("main(l2=0.1)/newton/distance}") + ", bellow: 1}\n"),
              HasSubstr("'below'"));
}

// Every paper that is shipped can be read, at each extent.
TEST(Papers, CanBeRead) {
  const std::filesystem::path papers =
      std::filesystem::path(OUBLI_SOURCE_DIR) / "experiments/papers";
  std::size_t count = 0;
  for (const auto& entry : std::filesystem::directory_iterator(papers)) {
    if (!std::filesystem::exists(entry.path() / "paper.yaml")) continue;  // common files
    ++count;
    for (const Extent extent : {Extent::kQuick, Extent::kNormal, Extent::kFull}) {
      const Paper paper = read_paper(entry.path(), extent);
      EXPECT_FALSE(paper.runs.empty()) << paper.key;
      EXPECT_FALSE(paper.claims.empty()) << paper.key;
      for (const PaperRun& run : paper.runs)
        EXPECT_TRUE(std::filesystem::exists(run.file)) << run.file;
      for (const PublishedTable& table : paper.tables)
        EXPECT_FALSE(table.cells.empty()) << table.title;
    }
  }
  EXPECT_GT(count, 0U);
}

}  // namespace
}  // namespace oubli
