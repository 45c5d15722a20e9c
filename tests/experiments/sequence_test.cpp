// Requests one after another, through the real program.
#include <ATen/ATen.h>
#include <fmt/format.h>
#include <gmock/gmock.h>

#include <regex>

#include "core/base/file.h"
#include "tests/support/files.h"
#include "tests/support/program.h"

namespace oubli {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::ProgramResult;
using testing::run_program;
using testing::TemporaryFolder;

const char* const kHead = R"(
title: stream
data: {name: linear_regression, features: 5, examples: 200, test_examples: 60, noise: 0.5}
model: {name: linear, dtype: float64}
train: {loss: squared_error, l2: 1.0e-2, optimizer: {name: lbfgs, tolerance: 1.0e-13}}
methods:
  - retrain
  - newton: {damping: 0, solver: direct}
seeds: {training: 2, oracle: 3}
measure: [loss, distance, cost, stream]
)";

struct Stream {
  TemporaryFolder scratch;
  std::string file, store = scratch.path() / "store", output = scratch.path() / "out";

  explicit Stream(const std::string& edit) : file(scratch.write("s.yaml", kHead + edit)) {}
  ProgramResult run(const std::vector<std::string>& more = {}) const {
    std::vector<std::string> words = {"run", file, "--store", store, "--output", output};
    words.insert(words.end(), more.begin(), more.end());
    return run_program(words);
  }
  Json at(int requests) const {
    return Json::parse(read_text_file(fs::path(output) / "checkpoints" / std::to_string(requests) /
                                      "results.json"));
  }
  static Json cells(const Json& results, const std::string& row) {
    for (const Json& one : results.at("rows")) {
      if (one.at("name") == row) return one.at("cells");
    }
    return {};
  }
  static double value(const Json& results, const std::string& row, const std::string& column) {
    return cells(results, row).at(column).at("mean").get<double>();
  }
};

// One that refuses is not one that diverged, and guarantees nothing.
TEST(Sequence, ARowThatRefusesARequestIsRefused) {
  const Stream stream("edit: {requests: {from: {random: {count: 2}}, each: 1, count: 2}}\n");
  stream.run({"--set", "methods=[newton_noise: {largest_noise: 1.0e-300}]"});
  const Json whole = Json::parse(read_text_file(fs::path(stream.output) / "results.json"));
  const Json& row = whole.at("rows").at(1);
  EXPECT_EQ(row.at("trouble"), "refused 2/2");
  for (const Json& model : row.at("models")) {
    EXPECT_THAT(model.at("message").get<std::string>(), HasSubstr("request 1: refused"));
    EXPECT_THAT(model.dump(), Not(HasSubstr("epsilon\"")));
  }
}

// On a quadratic each Newton step is retraining, whatever came before it.
TEST(Sequence, EachRequestFindsWhatTheOnesBeforeItLeft) {
  const Stream stream(
      "edit: {requests: {from: {random: {count: 60}}, each: 10, count: 5}}\n"
      "checkpoints: [1, 3, 5]\n");
  const ProgramResult result = stream.run();
  ASSERT_EQ(result.status, 0) << result.err;
  for (const int requests : {1, 3, 5}) {
    const Json results = stream.at(requests);
    EXPECT_EQ(results.at("sets").at("forget"), 10 * requests);
    EXPECT_EQ(Stream::value(results, "newton", "requests"), requests);
    EXPECT_LT(Stream::value(results, "newton", "distance"), 1e-9) << requests;
    EXPECT_GT(Stream::value(results, "original", "distance"), 1e-4);
    EXPECT_NEAR(Stream::value(results, "retrain", "request_cost_ratio"), 1, 0.5);
  }
  // What was spent adds up.
  EXPECT_GT(Stream::value(stream.at(5), "newton", "sample_gradients"),
            4 * Stream::value(stream.at(1), "newton", "sample_gradients"));
  const Json whole = Json::parse(read_text_file(fs::path(stream.output) / "results.json"));
  EXPECT_EQ(whole.at("after_requests"), 5);
  EXPECT_THAT(result.out, HasSubstr("after request 5"));
  EXPECT_THAT(run_program({"show", stream.output, "--at", "3"}).out, HasSubstr("after request 3"));
  const ProgramResult none = run_program({"show", stream.output, "--at", "2"});
  EXPECT_EQ(none.status, 2);
  EXPECT_THAT(none.err, HasSubstr("there are 1, 3, 5"));
}

// Drift: points leave and others come, and may leave again.
TEST(Sequence, MayAddAndRemove) {
  const Stream stream(
      "edit:\n"
      "  - {remove: {random: {count: 20}}, add: {random: {count: 30}}}\n"
      "  - {remove: {random: {count: 20}}, add: {random: {count: 10}}}\n"
      "checkpoints: [1, 2]\n");
  const ProgramResult result = stream.run();
  ASSERT_EQ(result.status, 0) << result.err;
  EXPECT_EQ(stream.at(1).at("sets").at("train"), stream.at(2).at("sets").at("train"));
  EXPECT_EQ(stream.at(1).at("sets").at("added"), 30);
  for (const int requests : {1, 2}) {
    EXPECT_LT(Stream::value(stream.at(requests), "newton", "distance"), 1e-9) << requests;
  }
}

// A prefix of a sequence is the sequence up to there, whatever comes behind.
TEST(Sequence, SharesWhatAnotherHasDone) {
  const std::string requests = "edit: {requests: {from: {random: {count: 40}}, each: 10, count: ";
  const Stream stream(requests + "2}}\n");
  ASSERT_EQ(stream.run().status, 0);
  const std::string longer = stream.scratch.write("longer.yaml", kHead + requests + "4}}\n");
  const ProgramResult result = run_program(
      {"run", longer, "--store", stream.store, "--output", stream.scratch.path() / "out2"});
  EXPECT_EQ(result.status, 0) << result.err;
  EXPECT_THAT(result.err, Not(HasSubstr("newton, original 0, request 1\n")));
  EXPECT_THAT(result.err, HasSubstr("newton, original 0, request 4\n"));
}

// Customers in a table of their own, who ask to be forgotten.
struct Customers {
  TemporaryFolder scratch;
  std::string head = kHead;  // of an experiment on that table

  Customers() {
    std::string table = "who,a,b,y\n";
    for (int i = 0; i < 60; ++i) table += fmt::format("C{},{},{},{}.5\n", i, i % 7, i % 5, i % 11);
    scratch.write("t.csv", table);
    const std::size_t data = head.find("data:"), model = head.find("model:");
    head.replace(data, model - data,
                 "data: {name: csv, file: t.csv, label: y, task: regression, id: who, "
                 "test_fraction: 0, validation_fraction: 0}\n");
  }
  ProgramResult run(const std::string& edit, const std::string& requests = "") const {
    if (!requests.empty()) scratch.write("requests.csv", requests);
    return run_program({"run", scratch.write("r.yaml", head + edit), "--store",
                        scratch.path() / "store", "--output", scratch.path() / "out"});
  }
};

const char* const kByDay = "edit: {requests: {file: requests.csv, number: day, unknown_ids: ";

// It happens that all who ask on a day are strangers.
TEST(Sequence, ADayOfUnknownIdsIsAnsweredByNothing) {
  const Customers days;
  const ProgramResult result = days.run(std::string(kByDay) + "ignore}}\ncheckpoints: [1, 2, 4]\n",
                                        "who;day\nX1;1\nC1;2\nX2;3\nX3;3\nC1;3\nC5;4\n");
  ASSERT_EQ(result.status, 0) << result.err;
  const std::regex folds("\n *");
  const std::string notes = std::regex_replace(result.out, folds, " ");
  EXPECT_THAT(notes, HasSubstr("request 1 (day 1): 1 of 1 ids are in no training row: 1 in no row "
                               "('X1'); it removes nothing"));
  EXPECT_THAT(notes, HasSubstr("request 3 (day 3): 2 of 3 ids"));
  EXPECT_THAT(notes, HasSubstr("request 3 (day 3): C1 was already removed by request 2"));
  const Json results = Json::parse(read_text_file(days.scratch.path() / "out/results.json"));
  EXPECT_EQ(results.at("after_requests"), 4);
  EXPECT_EQ(results.at("sets").at("forget"), 2);
  EXPECT_LT(Stream::value(results, "newton", "distance"), 1e-9);
  const ProgramResult again = run_program({"check", days.scratch.path() / "out/resolved.yaml"});
  EXPECT_EQ(again.status, 0) << again.err;
  EXPECT_THAT(days.run(std::string(kByDay) + "ignore}}\n", "who,day\nX1,1\nX2,2\n").err,
              HasSubstr("holds no id that a training row has"));
}

// Who asks again was answered already: that stops nothing, and is said.
TEST(Sequence, APersonMayAskAgain) {
  const Customers customers;
  const std::string edit = "edit: {requests: {file: requests.csv}}\n";
  const ProgramResult result = customers.run(edit, "who\nC1\nC2\nC1\nC3\n");
  ASSERT_EQ(result.status, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("request 3 (line 4): C1 was already removed by request 1"));
  const Json results = Json::parse(read_text_file(customers.scratch.path() / "out/results.json"));
  EXPECT_EQ(results.at("after_requests"), 4);
  EXPECT_EQ(results.at("sets").at("forget"), 3);
  EXPECT_LT(Stream::value(results, "newton", "distance"), 1e-9);
  const ProgramResult edited =
      run_program({"apply", customers.scratch.path() / "r.yaml", "--method", "newton", "--store",
                   customers.scratch.path() / "store", "--output", customers.scratch.path() / "e"});
  ASSERT_EQ(edited.status, 0) << edited.err;
  const Json record = Json::parse(read_text_file(customers.scratch.path() / "e/record.json"));
  EXPECT_EQ(record.at("requests").size(), 4U);
  // So it is with a method that does not move where nothing is asked for.
  const ProgramResult still =
      run_program({"apply", customers.scratch.path() / "r.yaml", "--method", "influence", "--set",
                   "methods=[{influence: {damping: 0}}]", "--store",
                   customers.scratch.path() / "store", "--output", customers.scratch.path() / "i"});
  ASSERT_EQ(still.status, 0) << still.err;
  const Json answers = Json::parse(read_text_file(customers.scratch.path() / "i/record.json"));
  EXPECT_EQ(answers.at("outcome").at("status"), "completed");
  const Json& third = answers.at("requests").at(2).at("answer");
  EXPECT_EQ(third.at("status"), "completed");
  EXPECT_EQ(third.at("message"), "nothing that is left was asked for");
}

TEST(Sequence, EveryRequestThatCannotBeAnsweredIsNamed) {
  const Customers days;
  const std::string by_day =
      days.run(std::string(kByDay) + "error}}\n", "who,day\nX1,1\nC2,2\nC3,3\nC2,4\n").err;
  EXPECT_THAT(by_day,
              HasSubstr("request 1 (day 1): 1 of 1 ids are in no training row: 1 in no row"));
  EXPECT_THAT(by_day, HasSubstr("If their rows were deleted from the table"));
  EXPECT_THAT(by_day, Not(HasSubstr("request 4")));
  const std::string one_by_one =
      days.run("edit: [{remove: {ids: [X1]}}, {remove: {ids: [C2]}}, {remove: {ids: [X3]}}]\n").err;
  EXPECT_THAT(one_by_one, HasSubstr("request 1: "));
  EXPECT_THAT(one_by_one, HasSubstr("\nrequest 3: "));
  const std::string texts =
      days.run(std::string(kByDay) + "error}}\n", "who,day\nC1,1\nC2,two\nC3,\nC4,four\n").err;
  EXPECT_THAT(texts, HasSubstr("requests.csv:4:4: this row has no 'day'"));
  const std::string mixed =
      days.run(std::string(kByDay) + "error}}\n", "who,day\nC1,1\nC2,two\nC4,four\n").err;
  EXPECT_THAT(mixed, HasSubstr("requests.csv:3:4: 'two' is no number and no date"));
  EXPECT_THAT(mixed, HasSubstr("requests.csv:4:4: 'four' is no number and no date"));
}

TEST(Sequence, RequestsOfAFileStandUnderTheirNumber) {
  const Customers customers;
  const TemporaryFolder& scratch = customers.scratch;
  const std::string& text = customers.head;
  scratch.write("requests.csv",
                "customer,day\nC5,2026-03-02\nC1,2026-03-01\nC9,2026-03-02\nC77,2026-03-04\n"
                "C2,2026-03-04\n");
  const std::string edit =
      "edit: {requests: {file: requests.csv, column: customer, number: day, unknown_ids: ";
  const auto error = [&](const std::string& requests_given, const std::string& edit_given) {
    scratch.write("others.csv", "customer,day\n" + requests_given);
    return run_program({"run", scratch.write("o.yaml", text + edit_given), "--store",
                        scratch.path() / "store", "--output", scratch.path() / "out"})
        .err;
  };
  const std::string others_edit = "edit: {requests: {file: others.csv, column: customer, number: ";
  EXPECT_THAT(error("C5,2026-03-02\n", others_edit + "when}}\n"),
              HasSubstr("others.csv:1: unknown column 'when'"));
  EXPECT_THAT(error("C5,2026-03-02\nC1,\n", others_edit + "day}}\n"),
              HasSubstr("others.csv:3:4: this row has no 'day'"));
  EXPECT_THAT(error("C5,1\nC1,later\n", others_edit + "day}}\n"),
              HasSubstr("'later' is no number and no date, as those before it"));
  const auto run = [&](const std::string& unknown) {
    return run_program({"run", scratch.write("r.yaml", text + edit + unknown + "}}\n"), "--store",
                        scratch.path() / "store", "--output", scratch.path() / "out"});
  };
  EXPECT_THAT(run("error").err,
              HasSubstr("1 of 2 ids are in no training row: 1 in no row ('C77')"));
  const ProgramResult result = run("ignore");
  ASSERT_EQ(result.status, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("1 of 2 ids are in no training row"));
  const Json results = Json::parse(read_text_file(scratch.path() / "out/results.json"));
  EXPECT_EQ(results.at("after_requests"), 3);
  EXPECT_EQ(results.at("sets").at("forget"), 4);
}

// Customers in the order in which they wrote, who need no number for that.
TEST(Sequence, RequestsOfAFileWithoutNumbersAreItsLines) {
  const Customers customers;
  const TemporaryFolder& scratch = customers.scratch;
  const std::string& text = customers.head;
  scratch.write("requests.csv", "who\nC30\nC2\nC40\nC1\nC50\n");
  const auto removed = [&](const std::string& requests) {
    const std::string output = scratch.path() / "out";
    const std::string file = scratch.write("r.yaml", text + "edit: {requests: " + requests + "}\n");
    const ProgramResult result =
        run_program({"apply", file, "--method", "newton", "--store", scratch.path() / "store",
                     "--output", output, "--replace"});
    EXPECT_EQ(result.status, 0) << result.err;
    std::vector<Json> ids;
    const Json record = Json::parse(read_text_file(fs::path(output) / "record.json"));
    for (const Json& request : record.at("requests")) {
      ids.push_back(request.at("removed").at("ids"));
    }
    // As a whole they stand in the order in which they asked.
    Json all = Json::array();
    for (const Json& some : ids) all.insert(all.end(), some.begin(), some.end());
    EXPECT_EQ(record.at("removed").at("ids"), all);
    return ids;
  };
  using ::testing::ElementsAre;
  EXPECT_THAT(removed("{file: requests.csv}"),
              ElementsAre(Json({"C30"}), Json({"C2"}), Json({"C40"}), Json({"C1"}), Json({"C50"})));
  EXPECT_THAT(removed("{file: requests.csv, each: 2}"),
              ElementsAre(Json({"C2", "C30"}), Json({"C1", "C40"}), Json({"C50"})));
  const auto error = [&](const std::string& requests) {
    const std::string file = scratch.write("e.yaml", text + "edit: {requests: " + requests + "}\n");
    return run_program({"check", file}).err;
  };
  EXPECT_THAT(error("{from: {ids: {file: requests.csv}}, each: 1, count: 3}"),
              HasSubstr("leave 2 of the 5 that are listed unanswered"));
  EXPECT_THAT(error("{file: requests.csv, number: who, each: 2}"), HasSubstr("so does 'each'"));
  EXPECT_THAT(error("{file: lost.csv}"), HasSubstr("e.yaml:"));
}

TEST(Sequence, SaysWhatCannotBeDone) {
  const auto error = [](const std::string& edit) {
    const Stream stream(edit);
    const ProgramResult result = stream.run();
    EXPECT_EQ(result.status, 2);
    return result.err;
  };
  EXPECT_THAT(error("edit: [{remove: {random: {count: 3}}}]\ncheckpoints: [2]\n"),
              HasSubstr("there is no checkpoint 2: the edit has 1 request"));
  EXPECT_THAT(error("edit: [{remove: {random: {count: 150}}}, {remove: {random: {count: 90}}}]\n"),
              HasSubstr("request 2: "));
  EXPECT_THAT(error("edit: []\n"), HasSubstr("a list without requests"));
  EXPECT_THAT(error("edit: {requests: {each: 2}}\n"), HasSubstr("needs one of 'from'"));
  EXPECT_THAT(error("edit: {requests: {from: {random: {count: 9}}, each: 5, count: 2}}\n"),
              HasSubstr("2 requests of 5 rows need 10, and 9 are selected"));
  EXPECT_THAT(error("edit: {remove: {random: {count: 9}}}\ncheckpoints: [1]\n"),
              HasSubstr("checkpoints"));
  EXPECT_THAT(error("edit: {remove: {random: {count: 9}}, requests: {each: 2}}\n"),
              HasSubstr("'remove' is one edit, and 'requests' are several"));
  EXPECT_THAT(error("edit: {requsts: {each: 2}}\n"), HasSubstr("did you mean 'requests'?"));
}

}  // namespace
}  // namespace oubli
