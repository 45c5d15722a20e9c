// Records of edits: what one may take the place of, what it takes over, and what is held against
// them.
#include <ATen/ATen.h>
#include <fmt/format.h>
#include <gmock/gmock.h>

#include <algorithm>
#include <regex>
#include <sstream>

#include "core/base/file.h"
#include "core/nn/tensor_file.h"
#include "experiments/engine/report/edit_record_text.h"
#include "tests/support/files.h"
#include "tests/support/program.h"

namespace oubli {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::ProgramResult;
using testing::run_program;
using testing::TemporaryFolder;

const char* const kRequests = "who\nC30\nC2\nC25\n";

// A deployed model whose customers ask to be forgotten.
struct Deployed {
  TemporaryFolder scratch;
  std::string file, store = scratch.path() / "store";
  fs::path output = scratch.path() / "out";

  explicit Deployed(const std::string& edit = "{requests: {file: requests.csv}}",
                    const std::string& id = "id: who") {
    write_table("");
    write_weights(0.5);
    ask(kRequests);
    file = scratch.write("s.yaml", fmt::format(R"(
data: {{name: csv, file: t.csv, test_file: h.csv, label: y, task: classification, {},
        validation_fraction: 0}}
model: {{name: logistic}}
original: {{weights: net.safetensors}}
train: {{optimizer: {{name: lbfgs}}}}
edit: {}
methods:
  - finetune: {{epochs: 2, lr: 0.1}}
  - l1_sparse: {{epochs: 1, lr: 0.1}}
)",
                                               id, edit));
  }
  // Two rows of each customer but for those who are left out, and a holdout.
  void write_table(const std::string& left_out) const {
    std::string table = "who,a,b,y\n", rest = table;
    for (int i = 0; i < 80; ++i) {
      const std::string who = fmt::format("C{}", i / 2);
      const std::string row = fmt::format("{},{},{}\n", i % 7 - 3, i % 5 - 2, (i % 7 + i % 5) % 3);
      if (who != left_out) table.append(who).append(",").append(row);
      rest.append("H").append(who).append(",").append(row);
    }
    scratch.write("t.csv", table);
    scratch.write("h.csv", rest);
  }
  void write_weights(double scale) const {
    write_tensors(scratch.path() / "net.safetensors",
                  {{{"fc.weight", at::arange(6, at::kFloat).reshape({3, 2}) * scale - 1},
                    {"fc.bias", at::zeros({3}, at::kFloat)}},
                   {}});
  }
  void ask(const std::string& requests) const { scratch.write("requests.csv", requests); }
  ProgramResult apply(const std::vector<std::string>& more = {},
                      const std::string& method = "finetune") const {
    std::vector<std::string> words = {"apply",   file,  "--method", method,
                                      "--store", store, "--output", output};
    words.insert(words.end(), more.begin(), more.end());
    return run_program(words);
  }
  ProgramResult verify() const { return run_program({"apply", "--verify", output}); }
  Json record() const { return Json::parse(read_text_file(output / "record.json")); }
  void set_record(const Json& record) const {
    write_file(output / "record.json", record.dump(2) + "\n");
  }
};

// As it reads where lines are folded.
std::string unfolded(const std::string& text) {
  return std::regex_replace(text, std::regex("\n *"), " ");
}

// Nobody who was erased is in the model again because a line was lost.
TEST(EditRecord, TakesNoPlaceOfOneThatItDoesNotGoOnFrom) {
  const Deployed model;
  ASSERT_EQ(model.apply().status, 0);
  const std::string before = testing::read_text(model.output / "record.json");
  const auto error = [&](const std::vector<std::string>& more = {},
                         const std::string& method = "finetune") {
    const ProgramResult result = model.apply(more, method);
    EXPECT_EQ(result.status, 2);
    EXPECT_TRUE(testing::read_text(model.output / "record.json") == before);
    EXPECT_THAT(result.err, HasSubstr("out/record.json answers 3 requests; "));
    EXPECT_THAT(result.err, HasSubstr("`--replace`"));
    return result.err;
  };
  model.ask("who\nC2\nC25\nC7\nC8\n");
  EXPECT_THAT(error(), HasSubstr("C30, which it removed, is not asked for here and would be back"));
  model.ask("who\nC30\n");
  EXPECT_THAT(error(), HasSubstr("C2, C25, which it removed, are not asked for here"));
  model.ask("who\nC30\nC25\nC2\n");
  EXPECT_THAT(error(), HasSubstr("request 2 of it removed C2, and here C25"));
  model.ask(kRequests);
  EXPECT_THAT(error({"--set", "edit={remove: {ids: [C30, C2, C25]}}"}),
              HasSubstr("here they are one edit"));
  EXPECT_THAT(error({"--set", "methods.0.finetune.lr=0.2"}),
              HasSubstr("its method had other settings: lr was 0.1, and is 0.2"));
  EXPECT_THAT(error({}, "l1_sparse"), HasSubstr("it was finetune, and is l1_sparse"));
  EXPECT_THAT(error({"--set", "train.l2=0.5"}), HasSubstr("train.l2 was 0.0, and is 0.5"));
  model.write_weights(0.4);
  EXPECT_THAT(error(), AllOf(HasSubstr("it edited other weights"), HasSubstr("net.safetensors")));
  model.write_weights(0.5);
  // Whose rows are gone from the table is asked for in vain.
  model.write_table("C2");
  EXPECT_THAT(error({"--set", "edit.requests.unknown_ids=ignore"}),
              AllOf(HasSubstr("C2, which it removed, is not asked for here"),
                    HasSubstr("the data held something else then")));
  model.write_table("");
  // A name of a row is no setting of its method.
  const ProgramResult again =
      model.apply({"--set", "methods=[finetune: {as: again, epochs: 2, lr: 0.1}]"}, "again");
  EXPECT_EQ(again.status, 0) << again.err;
  model.ask("who\nC2\n");
  EXPECT_EQ(model.apply({"--replace"}).status, 0);
  EXPECT_EQ(model.record().at("removed").at("ids"), Json({"C2"}));
}

TEST(EditRecord, TakesNoPlaceOfWhatItCannotRead) {
  const Deployed model;
  ASSERT_EQ(model.apply().status, 0);
  Json record = model.record();
  record["requests"][0]["removed"] = 7;
  model.set_record(record);
  EXPECT_THAT(model.apply().err, HasSubstr("does not hold what the record of an edit should"));
  write_file(model.output / "record.json", "{\"song\": \"La mer\"}\n");
  const ProgramResult result = model.apply();
  EXPECT_EQ(result.status, 2);
  EXPECT_THAT(result.err, HasSubstr("out/record.json: not the record of an edit"));
  EXPECT_THAT(testing::read_text(model.output / "record.json"), HasSubstr("La mer"));
  EXPECT_EQ(model.apply({"--replace"}).status, 0);
}

TEST(EditRecord, OfOneEditMayRemoveMoreAndNotLess) {
  const Deployed model("{remove: {ids: [C2, C25]}}");
  ASSERT_EQ(model.apply().status, 0);
  const auto remove = [&](const std::string& ids) {
    return model.apply({"--set", "edit.remove={ids: " + ids + "}"});
  };
  EXPECT_THAT(remove("[C25, C30]").err,
              AllOf(HasSubstr("says that 4 rows were removed; C2, which it removed"),
                    HasSubstr("is not asked for here")));
  EXPECT_THAT(model.apply({"--set", "edit=[{remove: {ids: [C2, C25]}}]"}).err,
              HasSubstr("here are requests, one after another"));
  const ProgramResult more = remove("[C25, C30, C2]");
  EXPECT_EQ(more.status, 0) << more.err;
  EXPECT_THAT(more.out, Not(HasSubstr("answered before")));
}

TEST(EditRecord, OfRowsWithoutIdsIsHeldByRows) {
  const Deployed one("{remove: {indices: [3, 9]}}", "ignore: [who]");
  ASSERT_EQ(one.apply().status, 0);
  EXPECT_THAT(one.apply({"--set", "edit.remove={indices: [3, 8, 10]}"}).err,
              HasSubstr("row 9, which it removed, is not asked for here"));
  const Deployed several("[{remove: {indices: [3, 9]}}, {remove: {indices: [5]}}]",
                         "ignore: [who]");
  ASSERT_EQ(several.apply().status, 0);
  EXPECT_THAT(several
                  .apply({"--set",
                          "edit=[{remove: {indices: [3]}}, {remove: {indices: [5]}}, "
                          "{remove: {indices: [9]}}]"})
                  .err,
              HasSubstr("request 1 of it removed 2 rows, and here 1 row"));
}

// What was answered yesterday was answered yesterday.
TEST(EditRecord, GoesOnFromTheOneBefore) {
  const Deployed model;
  const ProgramResult first = model.apply();
  ASSERT_EQ(first.status, 0) << first.err;
  EXPECT_THAT(first.out, Not(HasSubstr("answered before")));
  Json record = model.record();
  EXPECT_EQ(record.at("requests").at(1).at("answered"), record.at("when"));
  record["when"] = "2026-03-03 10:00:00 UTC";
  record["requests"][0]["answered"] = "2026-03-01 09:00:00 UTC";
  record["requests"][1].erase("answered");  // of an older oubli
  model.set_record(record);
  model.ask(std::string(kRequests) + "C7\nC8\n");
  const ProgramResult next = model.apply();
  ASSERT_EQ(next.status, 0) << next.err;
  record = model.record();
  const Json& requests = record.at("requests");
  const double cost = requests.at(3).at("answer").at("sample_gradients").get<double>() +
                      requests.at(4).at("answer").at("sample_gradients").get<double>();
  EXPECT_LT(cost, record.at("outcome").at("sample_gradients").get<double>());
  const std::string said = unfolded(next.out);
  EXPECT_THAT(said, HasSubstr(fmt::format("Requests 1 to 3 were answered before (record of "
                                          "2026-03-03 10:00:00 UTC); new: 4 to 5 (C7, C8), {:.4g} "
                                          "sample-gradients and",
                                          cost)));
  EXPECT_THAT(said, HasSubstr(" s in all, for 5 requests."));
  EXPECT_EQ(requests.at(0).at("answered"), "2026-03-01 09:00:00 UTC");
  EXPECT_EQ(requests.at(1).at("answered"), "2026-03-03 10:00:00 UTC");
  EXPECT_EQ(requests.at(4).at("answered"), record.at("when"));
  EXPECT_THAT(testing::read_text(model.output / "record.md"),
              HasSubstr("| 1 | C30 |  | completed | 2026-03-01 09:00:00 UTC |\n"));
  EXPECT_THAT(unfolded(model.apply().out), HasSubstr("Requests 1 to 5 were answered before"));
  EXPECT_THAT(unfolded(model.apply().out), HasSubstr("; none is new."));
  // In place of it nothing was answered before.
  EXPECT_EQ(model.apply({"--replace", "--set", "methods.0.finetune.lr=0.2"}).status, 0);
  record = model.record();
  EXPECT_EQ(record.at("requests").at(0).at("answered"), record.at("when"));
}

// A forger writes the same name in both files, and the right hashes.
TEST(RecordCheck, FindsWhomSettingsAndDataDoNotName) {
  const Deployed model;
  ASSERT_EQ(model.apply().status, 0);
  const ProgramResult sound = model.verify();  // of a folder
  EXPECT_EQ(sound.status, 0) << sound.out;
  EXPECT_EQ(run_program({"apply", "--verify", model.output / "record.json"}).out, sound.out);
  EXPECT_THAT(sound.out, AllOf(HasSubstr("same    rows and ids (of all)\n"),
                               HasSubstr("same    rows and ids (of requests 1 to 3)\n"),
                               HasSubstr("same    method (finetune)\n")));
  EXPECT_THAT(unfolded(sound.out), HasSubstr("When, cost, status, guarantee, and accuracy and loss "
                                             "before and after are the record's own word."));
  // What comes later is no matter of the record.
  model.ask(std::string(kRequests) + "C7\n");
  const ProgramResult grown = model.verify();
  EXPECT_EQ(grown.status, 0) << grown.out;
  EXPECT_THAT(grown.out, HasSubstr("(of requests 1 to 3; by now 4 are asked for)"));
  for (const char* file : {"record.json", "record.md"}) {
    write_file(model.output / file, std::regex_replace(testing::read_text(model.output / file),
                                                       std::regex("C25"), "C0"));
  }
  const ProgramResult forged = model.verify();
  EXPECT_EQ(forged.status, 1);
  const std::string said = unfolded(forged.out);
  EXPECT_THAT(said, HasSubstr("CHANGED rows and ids (of all): it removed C25 by its settings and "
                              "the data, and C0 by the record"));
  EXPECT_THAT(said, HasSubstr("request 3 removed C25 by its settings and the data, and C0 by"));
  EXPECT_THAT(said, HasSubstr("same    text ("));
  model.ask("who\nC30\nC2\n");
  EXPECT_THAT(unfolded(model.verify().out),
              HasSubstr("the record has 3 requests, and its settings ask for 2"));
}

TEST(RecordCheck, MakesAgainWhatItCan) {
  const Deployed model("{remove: {ids: [C2, C25]}}");
  ASSERT_EQ(model.apply().status, 0);
  const Json sound = model.record();
  const auto said = [&](const char* pointer, const Json& value) {
    Json record = sound;
    record[Json::json_pointer(pointer)] = value;
    model.set_record(record);
    const ProgramResult result = model.verify();
    EXPECT_EQ(result.status, 1);
    return unfolded(result.out);
  };
  EXPECT_THAT(said("/removed/rows", 3),
              HasSubstr("it removed 4 rows by its settings and the data, and 3 by the record"));
  EXPECT_THAT(said("/removed/ids", {"C2", "C25", "C9"}),
              HasSubstr("it removed C9 by the record alone"));
  EXPECT_THAT(said("/removed/ids", {"C2"}),
              HasSubstr("it removed C25 by its settings and the data, and not by the record"));
  EXPECT_THAT(
      said("/requests", Json::parse(R"([{"request": 1, "answer": {"status": "completed"}}])")),
      HasSubstr("the record has 1 request, and its settings ask for 0"));
  EXPECT_THAT(
      said("/method/settings/lr", 0.5),
      HasSubstr("CHANGED method (finetune): by the record and by its settings: lr was 0.5"));
  EXPECT_THAT(said("/method/name", "retrain"), HasSubstr("it was retrain, and is finetune"));
  EXPECT_THAT(said("/method/settings/as", "mine"), HasSubstr("its settings have no row 'mine'"));
  write_file(model.output / "forget_set.txt", "1\n2\n3\n4\n");
  EXPECT_THAT(said("/when", "now"),
              HasSubstr("forget_set.txt lists other rows than its settings and the data give"));
}

// No file is blamed for another.
TEST(RecordCheck, SaysWhichPartOfTheDataChanged) {
  const Deployed model;
  ASSERT_EQ(model.apply().status, 0);
  const std::string holdout = testing::read_text(model.scratch.path() / "h.csv");
  model.scratch.write("h.csv", holdout.substr(0, holdout.rfind("HC39")));
  const ProgramResult changed = model.verify();
  EXPECT_EQ(changed.status, 1);
  std::istringstream lines(changed.out);
  std::size_t longest = 0;
  for (std::string line; std::getline(lines, line);) {
    if (line.find('/') == line.npos) longest = std::max(longest, line.size());  // but for paths
  }
  EXPECT_LE(longest, 80u) << changed.out;
  EXPECT_THAT(unfolded(changed.out), HasSubstr("; changed: test; as it was: training"));
  EXPECT_THAT(unfolded(changed.out), HasSubstr("CHANGED data (t; all files that it reads): its"));
  fs::remove(model.scratch.path() / "t.csv");
  const std::string lost = unfolded(model.verify().out);
  EXPECT_THAT(lost, HasSubstr("UNREAD  data (t; all files that it reads)"));
  EXPECT_THAT(lost, HasSubstr("UNREAD  rows, ids and method: they follow from the data"));
}

// Records of an oubli that wrote no times read as they did.
TEST(RecordCheck, OfAnOlderRecordHoldsItsText) {
  const Json record = Json::parse(R"({"format": 1, "when": "2026-01-01 00:00:00 UTC",
    "input": {"file": "/net", "sha256": "1"}, "output": {"file": "e", "sha256": "2"},
    "settings": {"file": "r", "sha256": "3"}, "data": {"name": "t", "sha256": "4"},
    "removed": {"file": "f", "sha256": "5", "rows": 2, "ids": ["C1", "C2"]},
    "method": {"name": "m", "version": 1, "summary": "s", "definition": "d", "settings": {}},
    "outcome": {"status": "completed", "message": "", "sample_gradients": 5.0, "seconds": 1.0},
    "requests": [{"request": 1, "answer": {"status": "completed"},
                  "removed": {"rows": 1, "ids": ["C2"]}}],
    "before": {}, "after": {}, "made_by": {"oubli": "0", "git_revision": "0"}, "means": "m"})");
  const std::string text = record_text(record);
  EXPECT_THAT(text, HasSubstr("It took 5 sample-gradients and 1 s.\n"));
  EXPECT_THAT(text, HasSubstr("| request | removed | added | status |\n|---:|---|---|---|\n"
                              "| 1 | C2 |  | completed |\n"));
  EXPECT_THAT(text, HasSubstr("of 2 ids: C1, C2."));
}

}  // namespace
}  // namespace oubli
