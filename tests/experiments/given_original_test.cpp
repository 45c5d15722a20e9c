// A model that was trained elsewhere: edited, judged as one model, and recorded.
#include <ATen/ATen.h>
#include <fmt/format.h>
#include <gmock/gmock.h>

#include <regex>
#include <sstream>

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

const char* const kShop = R"(
title: shop
data: {name: csv, file: t.csv, label: y, task: classification, id: who, test_fraction: 0.2}
model: {name: logistic}
original: {weights: net.safetensors, rename: {head: fc}}
train: {l2: 1.0e-3, optimizer: {name: lbfgs}}
edit: {remove: {ids: [C1, C4, C7]}}
methods:
  - retrain
  - newton: {curvature: ggn}
  - finetune: {as: tuned, epochs: 2, lr: 0.1}
  - finetune: {sweep: {over: {lr: [0.1, 0.2]}, objective: loss/validation}}
seeds: {oracle: 8}
measure: [accuracy, loss]
)";

// A table of customers with two rows each, and weights that somebody trained on it, as PyTorch's
// DataParallel would have saved them under other names.
struct Shop {
  TemporaryFolder scratch;
  std::string file, store = scratch.path() / "store", output = scratch.path() / "out";

  explicit Shop(std::string text = kShop) {
    std::string table = "who,a,b,y\n";
    for (int i = 0; i < 80; ++i) {
      table += fmt::format("C{},{},{},{}\n", i / 2, i % 7 - 3, i % 5 - 2, (i % 7 + i % 5) % 3);
    }
    scratch.write("t.csv", table);
    TensorFile weights;
    const Tensor values = at::arange(6, at::kFloat).reshape({3, 2}) * 0.5 - 1;
    weights.tensors = {{"module.head.weight", values},
                       {"module.head.bias", at::zeros({3}, at::kFloat)},
                       {"module.bn.num_batches_tracked", at::scalar_tensor(7, at::kLong)}};
    write_tensors(scratch.path() / "net.safetensors", weights);
    file = scratch.write("shop.yaml", text);
  }
  ProgramResult run(const std::vector<std::string>& more = {}) const {
    std::vector<std::string> words = {"run", file, "--store", store, "--output", output};
    words.insert(words.end(), more.begin(), more.end());
    return run_program(words);
  }
  ProgramResult apply(const std::string& method) const { return apply(method, output); }
  ProgramResult apply(const std::string& method, const std::string& folder) const {
    return run_program({"apply", file, "--method", method, "--store", store, "--output", folder});
  }
};

TEST(GivenOriginal, IsTheOriginalAndOraclesStartFromScratch) {
  const Shop shop;
  const ProgramResult result = shop.run();
  ASSERT_EQ(result.status, 0) << result.err;
  const Json json = Json::parse(read_text_file(fs::path(shop.output) / "results.json"));
  const Json& original = json.at("rows").at(0);
  ASSERT_EQ(original.at("models").size(), 1u);
  // Weights that nobody trained are far from what training gives.
  const Json& floor = json.at("rows").back();
  EXPECT_GT(original.at("cells").at("loss/retain").at("mean").get<double>(),
            1.2 * floor.at("cells").at("loss/retain").at("mean").get<double>());
  EXPECT_EQ(json.at("verdicts").at("original").at("verdict"), "apart");
  EXPECT_EQ(json.at("verdicts").at("retrain").at("verdict"), "among");
  EXPECT_TRUE(json.at("verdicts")
                  .at("retrain")
                  .at("columns")
                  .at("loss/forget")
                  .contains("prediction_interval"));
  EXPECT_THAT(result.out, HasSubstr("one given original"));
  EXPECT_THAT(json.at("power_check").dump(), HasSubstr("does not look trained on these rows"));
  EXPECT_THAT(result.out, Not(HasSubstr("distinguishable")));
  // The settings that were written down run again.
  const std::string resolved = fs::path(shop.output) / "resolved.yaml";
  const ProgramResult again =
      run_program({"run", resolved, "--store", shop.store, "--output", shop.output + "2"});
  EXPECT_EQ(again.status, 0) << again.err;
  EXPECT_THAT(again.err, Not(HasSubstr("[1/")));
}

TEST(GivenOriginal, ThatChangesIsAnotherOne) {
  const Shop shop;
  ASSERT_EQ(shop.run().status, 0);
  TensorFile weights = read_tensors(shop.scratch.path() / "net.safetensors");
  for (auto& [name, tensor] : weights.tensors) {
    if (name == "module.head.weight") tensor = tensor * 2;
  }
  write_tensors(shop.scratch.path() / "net.safetensors", weights);
  const Json before = Json::parse(read_text_file(fs::path(shop.output) / "results.json"));
  ASSERT_EQ(shop.run().status, 0);
  const Json after = Json::parse(read_text_file(fs::path(shop.output) / "results.json"));
  EXPECT_NE(before.at("rows").at(0).at("cells").at("loss/test"),
            after.at("rows").at(0).at("cells").at("loss/test"));
}

TEST(GivenOriginal, WhatDoesNotFitIsSaidBeforeAnythingIsTrained) {
  const Shop shop;
  const auto error = [&](const std::vector<std::string>& more) {
    const ProgramResult result = shop.run(more);
    EXPECT_EQ(result.status, 2);
    return result.err;
  };
  EXPECT_THAT(error({"--set", "original.rename={}"}), HasSubstr("Missing: fc.weight"));
  EXPECT_THAT(error({"--set", "original.weights=no.safetensors"}), HasSubstr("no.safetensors"));
  EXPECT_THAT(error({"--set", "seeds.training=3"}),
              HasSubstr("'original.weights' names 1 model: leave it out"));
  EXPECT_THAT(error({"--set", "model.weights=net.safetensors"}),
              HasSubstr("`original: {weights: FILE}`"));
  EXPECT_THAT(error({"--set", "original.rename={head: {weight: x}}"}),
              HasSubstr("'rename' gives 'head' no name"));
  shop.scratch.write("net.pt", "PK\x03\x04" + std::string(50, 'x'));
  EXPECT_THAT(error({"--set", "original.weights=" + (shop.scratch.path() / "net.pt").string()}),
              HasSubstr("a PyTorch file"));
}

TEST(GivenOriginal, NamesThatDifferAreAnsweredWithTheRenamingThatFits) {
  const Shop shop;
  EXPECT_THAT(shop.run({"--set", "original.rename={}"}).err,
              HasSubstr("The same shapes under other names: `rename: {head: fc}`."));
  // Whatever was tried, the answer is to be written in its place.
  for (const char* tried : {"{header: fc}", "{head: fc2}"}) {
    EXPECT_THAT(shop.run({"--set", std::string("original.rename=") + tried}).err,
                HasSubstr("`rename: {head: fc}`."))
        << tried;
  }
  EXPECT_THAT(shop.run({"--set", "original.rename={head.weight: fc.weight}"}).err,
              HasSubstr("`rename: {head: fc, head.weight: fc.weight}`."));
  // And a shape that differs with what the data give.
  EXPECT_THAT(
      shop.run({"--set", "data.ignore=[b]"}).err,
      AllOf(HasSubstr("[3, 1] expected, [3, 2] found"), HasSubstr("The data give 1 inputs: a.")));
}

// A table as a network with seven hidden units was trained on, and tables with a mistake each.
TEST(GivenOriginal, SizesThatDifferSayWhatIsToBeMended) {
  const TemporaryFolder scratch;
  TensorFile weights;
  weights.tensors = {{"fc1.weight", at::ones({7, 3}, at::kFloat)},
                     {"fc1.bias", at::ones({7}, at::kFloat)},
                     {"fc2.weight", at::ones({2, 7}, at::kFloat)},
                     {"fc2.bias", at::ones({2}, at::kFloat)}};
  write_tensors(scratch.path() / "net.safetensors", weights);
  const std::string table =
      "age,plan,y\n1,basic,no\n2,plus,yes\n3,basic,no\n4,plus,yes\n5,plus,no\n";
  const auto error = [&](const std::string& rows, const std::string& test_rows,
                         const std::string& hidden) {
    scratch.write("t.csv", table + rows);
    scratch.write("later.csv", "age,plan,y\n9,basic,yes\n" + test_rows);
    const std::string file = scratch.write("m.yaml", fmt::format(R"(
data: {{name: csv, file: t.csv, test_file: later.csv, label: y, task: classification,
       categorical: [plan], validation_fraction: 0}}
model: {{name: mlp, hidden: [{}]}}
original: {{weights: net.safetensors, rename: {{fc1: layers.0, fc2: layers.1}}}}
train: {{epochs: 2}}
edit: {{remove: {{indices: [1]}}}}
methods: [retrain]
)",
                                                                 hidden));
    return run_program({"check", file}).err;
  };
  EXPECT_EQ(error("", "", "7"), "");
  const std::string labels = error("6,basic,yse\n", "", "7");
  EXPECT_THAT(labels, HasSubstr("The weights tell 2 classes apart, and the data have 3: 'no' (3 "
                                "rows), 'yes' (3 rows), 'yse' (1 row)."));
  EXPECT_THAT(labels, HasSubstr("The rarest, 'yse', first stands at "));
  EXPECT_THAT(labels, HasSubstr("t.csv:7."));
  EXPECT_THAT(labels, Not(HasSubstr("`categorical`")));
  const std::string levels = error("", "8,gold,no\n", "7");
  EXPECT_THAT(levels, HasSubstr("The data give 4 inputs: age, plan=basic, plan=gold, plan=plus. "
                                "The weights take 3. Of these 'plan=gold' (first at "));
  EXPECT_THAT(levels, HasSubstr("later.csv:3) stands in the test file alone."));
  for (const char* hidden : {"9", "7, 7", ""}) {
    const std::string layers = error("", "", hidden);
    EXPECT_THAT(layers, HasSubstr("those of `model: {name: mlp, hidden: [7]}`")) << hidden;
    EXPECT_THAT(layers, Not(HasSubstr("`categorical`"))) << hidden;
  }
}

// What was forgotten yesterday is not learnt again today.
TEST(GivenOriginal, WeightsThatForgotAreNotTrainedOnThoseAgain) {
  const Shop shop;
  ASSERT_EQ(shop.apply("tuned").status, 0);
  const std::string edited = shop.output + "/edited.safetensors";
  const auto tomorrow = [&](const std::string& ids) {
    return run_program({"apply", shop.file, "--method", "tuned", "--store", shop.store, "--output",
                        shop.output + "2", "--set", "original.weights=" + edited, "--set",
                        "edit.remove={ids: " + ids + "}"});
  };
  const ProgramResult refused = tomorrow("[C9]");
  EXPECT_EQ(refused.status, 2);
  EXPECT_THAT(refused.err, HasSubstr("was made to forget C1, C4, C7"));
  EXPECT_EQ(tomorrow("[C1, C4, C7, C9]").status, 0);
}

TEST(GivenOriginal, OneThatSeesOtherInputsIsNoted) {
  const Shop shop;
  EXPECT_THAT(shop.apply("tuned").out, Not(HasSubstr("is above that of giving")));
  TensorFile weights = read_tensors(shop.scratch.path() / "net.safetensors");
  for (auto& [name, tensor] : weights.tensors) {
    if (name == "module.head.weight") tensor = tensor * -30;
  }
  write_tensors(shop.scratch.path() / "net.safetensors", weights);
  const std::string output = shop.output + "2";
  const ProgramResult odd = shop.apply("tuned", output);
  EXPECT_EQ(odd.status, 0) << odd.err;
  const Json record = Json::parse(read_text_file(fs::path(output) / "record.json"));
  EXPECT_THAT(record.at("notes").dump(), HasSubstr("is above that of giving every example"));
}

// Weights know inputs by their place alone: who brings a model sees what stands where.
TEST(Check, PrintsInputsAndClassesInOrder) {
  TemporaryFolder scratch;
  scratch.write("t.csv",
                "z,c,age,y\n1,u,10,no\n1,v,20,yes\n3,u,,no\n3,v,30,yes\n1,u,20,no\n3,,20,yes\n");
  const std::string file = scratch.write("c.yaml", R"(
data: {name: csv, file: t.csv, label: y, task: classification, categorical: [c], standardise: true,
       missing: mean, test_fraction: 0, validation_fraction: 0}
model: {name: logistic}
train: {epochs: 2}
edit: {remove: {indices: [1]}}
methods: [retrain]
)");
  const ProgramResult result = run_program({"check", file});
  ASSERT_EQ(result.status, 0) << result.err;
  std::istringstream lines(result.out);
  for (std::string line; std::getline(lines, line);) EXPECT_LE(line.size(), 80u);
  EXPECT_THAT(result.out, HasSubstr("# inputs, in this order:\n"
                                    "#   1 z ((x - 2) / 1)\n"
                                    "#   2 c=u (as it is; 1 where missing)\n"
                                    "#   3 c=v (as it is; 0 where missing)\n"
                                    "#   4 age ((x - 20) / 5.7735; 20 where missing)\n"
                                    "#   5 c missing (as it is)\n"
                                    "#   6 age missing (as it is)\n"
                                    "# classes, in this order: 0 no, 1 yes\n"));
  // What is printed is an experiment file, in which lists may go over lines.
  EXPECT_THAT(result.out, HasSubstr(",\n    "));
  const ProgramResult again = run_program({"check", scratch.write("again.yaml", result.out)});
  EXPECT_EQ(again.status, 0) << again.err;
  const auto settings = [](const std::string& out) { return out.substr(0, out.find("\n# ")); };
  EXPECT_EQ(settings(again.out), settings(result.out));
}

TEST(Apply, WritesEditedWeightsAndARecordThatCanBeVerified) {
  const Shop shop;
  const ProgramResult result = shop.apply("tuned");
  ASSERT_EQ(result.status, 0) << result.err;
  const fs::path folder = shop.output;
  const Json record = Json::parse(read_text_file(folder / "record.json"));
  EXPECT_EQ(record.at("method").at("name"), "finetune");
  EXPECT_EQ(record.at("removed").at("ids"), Json({"C1", "C4", "C7"}));
  EXPECT_EQ(record.at("inputs"), Json::parse(R"([{"name": "a"}, {"name": "b"}])"));
  EXPECT_TRUE(record.at("before").at("forget").contains("accuracy"));
  // The names and the types that went in.
  const TensorFile given = read_tensors(shop.scratch.path() / "net.safetensors");
  const TensorFile edited = read_tensors(folder / "edited.safetensors");
  ASSERT_EQ(given.tensors.size(), edited.tensors.size());
  std::map<std::string, Tensor> values(edited.tensors.begin(), edited.tensors.end());
  for (const auto& [name, tensor] : given.tensors) {
    EXPECT_EQ(values.at(name).scalar_type(), tensor.scalar_type());
    EXPECT_EQ(values.at(name).equal(tensor), name == "module.bn.num_batches_tracked") << name;
  }
  EXPECT_THAT(result.out, HasSubstr("of 3 ids: C1, C4, C7"));
  const std::string file = folder / "record.json";
  EXPECT_EQ(run_program({"apply", "--verify", file}).status, 0);
  write_file(folder / "forget_set.txt", "1\n");
  const ProgramResult changed = run_program({"apply", "--verify", file});
  EXPECT_EQ(changed.status, 1);
  EXPECT_THAT(changed.out, HasSubstr("CHANGED removed"));
  EXPECT_THAT(changed.out, HasSubstr("same    output"));
  EXPECT_THAT(changed.out, HasSubstr("same    data (t; all files that it reads)\n"));
  // One value of one customer.
  std::string table = read_text_file(shop.scratch.path() / "t.csv", ErrorKind::kData);
  table.replace(table.find("C0,-3"), 5, "C0,-2");
  shop.scratch.write("t.csv", table);
  EXPECT_THAT(run_program({"apply", "--verify", file}).out,
              HasSubstr("CHANGED data (t; all files that it reads): its SHA-256"));
}

// A deployed model that is asked to forget again and again has answered every request.
TEST(Apply, AnswersEveryRequestOfASequence) {
  const std::string whole = "edit: {remove: {ids: [C1, C4, C7]}}\n";
  std::string text = kShop;
  text.replace(text.find(whole), whole.size(),
               "edit: [{remove: {ids: [C1]}}, {remove: {ids: [C4, C7]}}]\n");
  const std::size_t sweep = text.find("  - finetune: {sweep");
  text.erase(sweep, text.find('\n', sweep) + 1 - sweep);
  const Shop shop(text);
  ASSERT_EQ(shop.run().status, 0);
  const Json results = Json::parse(read_text_file(fs::path(shop.output) / "results.json"));
  const Json& row = results.at("rows").at(3);
  ASSERT_EQ(row.at("name"), "tuned");
  const ProgramResult edited = shop.apply("tuned", shop.output + "2");
  ASSERT_EQ(edited.status, 0) << edited.err;
  const Json record = Json::parse(read_text_file(fs::path(shop.output + "2") / "record.json"));
  EXPECT_EQ(record.at("outcome").at("requests").size(), 2u);
  EXPECT_EQ(record.at("removed").at("ids"), Json({"C1", "C4", "C7"}));
  // The model that `run` judges after the last request.
  const double judged = row.at("cells").at("loss/retain").at("mean").get<double>();
  EXPECT_NEAR(record.at("after").at("retain").at("loss").get<double>(), judged, 1e-6);
  // A request that is left unanswered is not recorded as removed.
  const ProgramResult unchanged = shop.apply("newton", shop.output + "3");
  EXPECT_EQ(unchanged.status, 2);
  EXPECT_FALSE(fs::exists(shop.output + "3"));
}

// A method with a guarantee edits what oubli trained as the method asks, and the record says what
// is guaranteed.
TEST(Apply, EditsWhatIsTrainedHereAndRecordsTheGuarantee) {
  const Shop shop(R"(
data: {name: csv, file: t.csv, label: y, task: classification, id: who, test_fraction: 0.2}
model: {name: logistic, dtype: float64}
train: {loss: one_against_rest, l2: 0.05, optimizer: {name: lbfgs, tolerance: 1.0e-9}}
edit: [{remove: {ids: [C1]}}, {remove: {ids: [C4, C7]}}]
methods:
  - certified_newton: {epsilon: 10}
  - finetune: {lr: 0.1}
seeds: {training: 2, oracle: 2}
)");
  const ProgramResult result = shop.apply("certified_newton");
  ASSERT_EQ(result.status, 0) << result.err;
  EXPECT_THAT(result.err, HasSubstr("training the model that is edited"));
  const fs::path folder = shop.output;
  const std::string text = read_text_file(folder / "record.md", ErrorKind::kData);
  EXPECT_THAT(text, HasSubstr("Guarantee: epsilon = 10 at delta = 0.0001, of each release by "
                              "itself (Guo et al."));
  EXPECT_THAT(text, HasSubstr("\n- checked: the model is linear in its inputs\n"));
  EXPECT_THAT(text, HasSubstr("\n- assumed: requests do not depend on the perturbation"));
  EXPECT_THAT(text, HasSubstr("\n| 1 | C1 |  | completed | 2"));
  EXPECT_THAT(text, HasSubstr(" UTC |\n| 2 | C4, C7 |  | completed | 2"));
  const Json record = Json::parse(read_text_file(folder / "record.json"));
  EXPECT_EQ(record.at("outcome").at("requests").size(), 2u);
  EXPECT_EQ(record.at("input").at("file"), "original.safetensors");
  EXPECT_EQ(run_program({"apply", "--verify", folder / "record.json"}).status, 0);
  // What `run` makes of the same original.
  const std::string results = shop.output + "2";
  ASSERT_EQ(
      run_program({"run", shop.file, "--store", shop.store, "--output", results, "--keep-models"})
          .status,
      0);
  const fs::path kept = results + "/models/certified_newton/0.safetensors";
  EXPECT_EQ(read_text_file(kept, ErrorKind::kData),
            read_text_file(folder / "edited.safetensors", ErrorKind::kData));
  const ProgramResult again = shop.apply("certified_newton");  // in place of the first
  EXPECT_EQ(again.status, 0) << again.err;
  EXPECT_THAT(again.err, Not(HasSubstr("training the model")));
}

// Rows of equal settings share what is computed, and each can be applied.
TEST(Apply, EditsByEitherOfTwoRowsThatAreEqual) {
  std::string text = kShop;
  text.replace(text.find("  - retrain\n"), 0, "  - finetune: {as: twin, epochs: 2, lr: 0.1}\n");
  const Shop shop(text);
  for (const std::string row : {"twin", "tuned"}) {
    const ProgramResult edited = shop.apply(row, shop.output + row);
    EXPECT_EQ(edited.status, 0) << edited.err;
  }
  ASSERT_EQ(
      run_program({"run", shop.file, "--store", shop.store, "--output", shop.output + "r"}).status,
      0);
  EXPECT_THAT(run_program({"run", shop.file, "--store", shop.store, "--output", shop.output + "r",
                           "--fresh", "tuned"})
                  .err,
              HasSubstr("] twin, original 0"));
}

// What one row cannot do is no matter of the others.
TEST(Apply, EditsBesideARowThatTheOriginalWasNotTrainedFor) {
  std::string text = kShop;
  text.replace(text.find("  - retrain\n"), 0, "  - sisa: {shards: 2}\n");
  const Shop shop(text);
  const ProgramResult edited = shop.apply("tuned");
  EXPECT_EQ(edited.status, 0) << edited.err;
  const std::string own = "asks for an original that was trained in its own way";
  const ProgramResult refused = shop.apply("sisa");
  EXPECT_EQ(refused.status, 2);
  EXPECT_THAT(refused.err, HasSubstr("'sisa' " + own));
  const ProgramResult run = shop.run();
  EXPECT_EQ(run.status, 2);
  EXPECT_THAT(run.err, HasSubstr(own));
  EXPECT_THAT(run.err, Not(HasSubstr("[1/")));
  EXPECT_THAT(run_program({"check", shop.file}).err, HasSubstr(own));
}

TEST(Apply, SaysWhatItNeeds) {
  const Shop shop;
  EXPECT_THAT(shop.apply("newtn").err, HasSubstr("did you mean 'newton'?"));
  EXPECT_THAT(shop.apply("finetune").err, HasSubstr("chosen by trials"));
  // A step that a method does not take edits nothing.
  const ProgramResult unchanged = shop.apply("newton");
  EXPECT_EQ(unchanged.status, 2);
  EXPECT_THAT(unchanged.err, HasSubstr("nothing changed"));
  EXPECT_FALSE(fs::exists(shop.output));
  EXPECT_THAT(run_program({"apply", shop.file}).err, HasSubstr("--method ROW"));
  EXPECT_THAT(run_program({"apply", "--verify", shop.file}).err, HasSubstr("not the record"));
}

}  // namespace
}  // namespace oubli
