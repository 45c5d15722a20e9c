// Ensembles through the real program: rows of sisa beside others, with models of their own shape.
#include <gmock/gmock.h>

#include <fstream>
#include <map>

#include "core/nn/tensor_file.h"
#include "tests/support/files.h"
#include "tests/support/program.h"

namespace oubli {
namespace {

using ::testing::HasSubstr;
using testing::ProgramResult;
using testing::run_program;
using testing::TemporaryFolder;

std::string experiment(const std::string& methods, const std::string& measure,
                       const std::string& edit = "{remove: {random: {count: 3}}}") {
  return R"(
title: shards
data: {name: gaussian_classes, classes: 3, features: 6, examples: 240, test_examples: 60}
model: {name: mlp, hidden: [4]}
train: {l2: 1.0e-3, optimizer: {name: sgd, lr: 0.5}, epochs: 6, batch_size: 32}
seeds: {training: 2, oracle: 3, shadow: 4}
edit: )" +
         edit + "\nmeasure: " + measure + "\nmethods: " + methods + "\n";
}

std::map<std::string, Json> rows_of(const std::filesystem::path& results) {
  std::map<std::string, Json> rows;
  const Json json = Json::parse(testing::read_text(results));
  for (const Json& row : json.at("rows")) rows[row.at("name")] = row;
  return rows;
}

double value(const Json& row, const std::string& column) {
  return row.at("cells").at(column).at("mean").get<double>();
}

TEST(SisaRun, StandsBesideOtherMethodsInOneTable) {
  const TemporaryFolder scratch;
  // Metrics that look at parameters, train models again, and train attackers' models.
  const std::string measure =
      "[accuracy, loss, divergence, distance, layer_distance, relearning, ulira, lira, zrf, cost]";
  const std::string methods =
      "[finetune: {epochs: 2}, sisa: {shards: 4, slices: 3}, "
      "sisa: {shards: 4, slices: 3, join: vote, as: voting}]";
  const ProgramResult run =
      run_program({"run", scratch.write("s.yaml", experiment(methods, measure)), "--store",
                   scratch.path() / "store", "--output", scratch.path() / "out"});
  ASSERT_EQ(run.status, 0) << run.err;
  auto rows = rows_of(scratch.path() / "out/results.json");
  for (const char* row : {"finetune", "sisa", "voting", "original", "original (sisa)",
                          "original (voting)", "noise floor (sisa)"}) {
    ASSERT_TRUE(rows.contains(row)) << row << run.out;
    EXPECT_TRUE(std::isfinite(value(rows.at(row), "loss/test"))) << row;
  }
  EXPECT_EQ(rows.at("sisa").at("noise_floor"), "noise floor (sisa)");
  EXPECT_EQ(rows.at("voting").at("noise_floor"), "noise floor (voting)");
  EXPECT_EQ(rows.at("finetune").at("noise_floor"), "noise floor");
  const Json report = rows.at("sisa").at("models")[0].at("report");
  EXPECT_EQ(report.at("details").at("shards"), 4);
  EXPECT_LE(report.at("details").at("shards_touched"), 3);
  EXPECT_GT(report.at("sample_gradients"), 0);
  EXPECT_LT(value(rows.at("sisa"), "sample_gradients"),
            value(rows.at("noise floor (sisa)"), "sample_gradients"));
  // A vote of 4 copies knows a class with 5/3 of 5, 8/3 of 5, ...: the most that its loss can be is
  // known, and its predictions are not those of the mean.
  EXPECT_LT(value(rows.at("voting"), "loss/test"), std::log(15.0));
  EXPECT_NE(value(rows.at("voting"), "loss/test"), value(rows.at("sisa"), "loss/test"));
}

TEST(SisaRun, KeepsItsModelsAsOneNetworkAndItsCheckpointsBesideThem) {
  const TemporaryFolder scratch;
  const ProgramResult run = run_program(
      {"run", scratch.write("s.yaml", experiment("[sisa: {shards: 3, slices: 2}]", "[loss]")),
       "--store", scratch.path() / "store", "--output", scratch.path() / "out"});
  ASSERT_EQ(run.status, 0) << run.err;
  std::size_t records = 0, states = 0;
  for (const auto& item : std::filesystem::recursive_directory_iterator(scratch.path() / "store")) {
    const std::string name = item.path().filename().string();
    if (name == "model.safetensors") {
      const TensorFile file = read_tensors(item.path());
      EXPECT_EQ(file.tensors.size(), 12u);
      EXPECT_THAT(file.tensors.front().first, HasSubstr("copies."));
    }
    if (name != "record.safetensors" && name != "state.safetensors") continue;
    ++(name == "record.safetensors" ? records : states);
    const TensorFile file = read_tensors(item.path());
    EXPECT_EQ(file.tensors.size(), 3u);  // of each shard, before slice 2
    EXPECT_THAT(file.metadata.at("values"), HasSubstr("\"due\":[2,2,2]"));
  }
  EXPECT_EQ(records, 5u);  // originals and oracles
  EXPECT_EQ(states, 2u);
}

TEST(SisaRun, AnswersRequestsOneAfterAnother) {
  const TemporaryFolder scratch;
  const std::string edit =
      "{requests: {from: {random: {count: 12}}, each: 1, count: 12}}\ncheckpoints: [1, 12]";
  const std::string methods = "[retrain, retrain_each, sisa: {shards: 6, slices: 2}]";
  const ProgramResult run = run_program(
      {"run",
       scratch.write("s.yaml", experiment(methods, "[accuracy, distance, cost, stream]", edit)),
       "--store", scratch.path() / "store", "--output", scratch.path() / "out"});
  ASSERT_EQ(run.status, 0) << run.err;
  auto rows = rows_of(scratch.path() / "out/results.json");
  EXPECT_EQ(value(rows.at("retrain_each"), "retrainings"), 12);
  EXPECT_NEAR(value(rows.at("retrain_each"), "request_cost_ratio"), 1, 0.05);
  EXPECT_EQ(value(rows.at("sisa"), "retrainings"), 0);
  // One shard of six each time, from the first slice or from the second.
  EXPECT_LT(value(rows.at("sisa"), "request_cost_ratio"), 0.25);
  EXPECT_LT(value(rows.at("sisa"), "worst_request"), 0.3);
  EXPECT_GT(value(rows.at("sisa"), "request_cost_ratio"), 0.08);
}

TEST(SisaRun, SettingsThatDoNotFitAreLocated) {
  const TemporaryFolder scratch;
  const ProgramResult check = run_program(
      {"check", scratch.write("s.yaml", experiment("\n  - sisa: {slices: 20}", "[loss]"))});
  EXPECT_EQ(check.status, 2);
  EXPECT_THAT(check.err, HasSubstr("s.yaml:10"));
  EXPECT_THAT(check.err, HasSubstr("11 are the most"));
}

}  // namespace
}  // namespace oubli
