// Records of edits: what one may take the place of, what it takes over, and what is held against
// them.
#include <ATen/ATen.h>
#include <fmt/format.h>
#include <gmock/gmock.h>

#include <regex>

#include "core/base/file.h"
#include "core/nn/tensor_file.h"
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
      if (who != left_out) table += who + "," + row;
      rest += "H" + who + "," + row;
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
              HasSubstr("request 1 of it removed 2 rows, and here 1 rows"));
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

}  // namespace
}  // namespace oubli
