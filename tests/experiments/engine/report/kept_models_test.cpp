// `oubli run --keep-models`.
#include "experiments/engine/report/kept_models.h"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <gmock/gmock.h>

#include "core/nn/tensor_file.h"
#include "tests/support/files.h"
#include "tests/support/program.h"

namespace oubli {
namespace {

namespace fs = std::filesystem;
using testing::ProgramResult;
using testing::run_program;
using testing::TemporaryFolder;

std::map<std::string, Tensor> tensors_of(const fs::path& file) {
  const TensorFile read = read_tensors(file);
  return {read.tensors.begin(), read.tensors.end()};
}

double weights_apart(const fs::path& a, const fs::path& b) {
  const std::map<std::string, Tensor> one = tensors_of(a), other = tensors_of(b);
  double squares = 0;
  for (const auto& [name, tensor] : one) {
    squares +=
        (tensor.to(at::kDouble) - other.at(name).to(at::kDouble)).square().sum().item<double>();
  }
  return std::sqrt(squares);
}

std::vector<std::string> files_in(const fs::path& folder) {
  std::vector<std::string> found;
  for (const auto& item : fs::recursive_directory_iterator(folder)) {
    if (item.is_regular_file()) found.push_back(fs::relative(item.path(), folder).string());
  }
  std::sort(found.begin(), found.end());
  return found;
}

TEST(KeptModels, RowsHaveNamesThatFilesCanHave) {
  EXPECT_EQ(file_name_of("salun (soft)"), "salun (soft)");
  EXPECT_EQ(file_name_of("newton 1.5"), "newton 1.5");
  EXPECT_EQ(file_name_of(".."), "%2E.");
  EXPECT_EQ(file_name_of("../a%b"), "%2E.%2Fa%25b");
}

// On a quadratic a Newton step is retraining: so are the weights beside the table.
TEST(KeptModels, AreWhatTheRowsAreOf) {
  const TemporaryFolder scratch;
  const std::string file = scratch.write("r.yaml", R"(
title: ridge
data: {name: linear_regression, features: 4, examples: 80, test_examples: 30, noise: 0.5}
model: {name: linear, dtype: float64}
train: {loss: squared_error, l2: 1.0e-2, optimizer: {name: lbfgs, tolerance: 1.0e-13}}
edit: {requests: {from: {random: {count: 40}}, each: 10, count: 3}}
checkpoints: [1, 3]
methods:
  - retrain
  - newton: {damping: 0, solver: direct, as: newton/exact}
  - newton: {damping: 1.0e+9, solver: direct, as: held}
seeds: {training: 2, oracle: 2, unlearning: 1}
measure: [loss]
)");
  const fs::path output = scratch.path() / "out";
  const auto run = [&](const std::vector<std::string>& more) {
    std::vector<std::string> words = {
        "run", file, "--store", (scratch.path() / "store").string(), "--output", output.string()};
    words.insert(words.end(), more.begin(), more.end());
    return run_program(words);
  };
  ASSERT_EQ(run({"--keep-models"}).status, 0);
  const std::vector<std::string> expected = {
      "held/0.safetensors",           "held/1.safetensors",     "newton%2Fexact/0.safetensors",
      "newton%2Fexact/1.safetensors", "original/0.safetensors", "original/1.safetensors",
      "retrain/0.safetensors",        "retrain/1.safetensors"};
  const fs::path last = output / "models", first = output / "checkpoints/1/models";
  EXPECT_EQ(files_in(last), expected);
  EXPECT_EQ(files_in(first), expected);
  EXPECT_EQ(files_in(output / "checkpoints/3/models"), expected);
  for (const fs::path& models : {first, last}) {
    EXPECT_LT(
        weights_apart(models / "newton%2Fexact/1.safetensors", models / "retrain/1.safetensors"),
        1e-9);
    EXPECT_GT(weights_apart(models / "original/1.safetensors", models / "retrain/1.safetensors"),
              1e-4);
    EXPECT_LT(weights_apart(models / "original/1.safetensors", models / "held/1.safetensors"),
              1e-6);
  }
  EXPECT_GT(weights_apart(first / "retrain/0.safetensors", last / "retrain/0.safetensors"), 1e-4);
  const std::map<std::string, Tensor> weights = tensors_of(last / "retrain/0.safetensors");
  EXPECT_EQ(weights.at("fc.weight").sizes(), at::IntArrayRef({1, 4}));
  // A run without the option leaves none of another run's.
  ASSERT_EQ(run({}).status, 0);
  EXPECT_FALSE(fs::exists(last));
  EXPECT_FALSE(fs::exists(first));
}

// Of a given original they are what `apply` writes, and nothing is said twice of what was given.
TEST(KeptModels, OfAGivenOriginalAreWhatApplyWrites) {
  const TemporaryFolder scratch;
  std::string table = "a,b,y\n";
  for (int i = 0; i < 80; ++i) table += fmt::format("{},{},{}\n", i % 7 - 3, i % 5 - 2, i % 3);
  scratch.write("t.csv", table);
  write_tensors(scratch.path() / "net.safetensors",
                {{{"module.head.weight", at::arange(6, at::kDouble).reshape({3, 2}) * 0.5 - 1},
                  {"module.head.bias", at::zeros({3}, at::kDouble)}},
                 {}});
  const std::string file = scratch.write("s.yaml", R"(
data: {name: csv, file: t.csv, label: y, task: classification, test_fraction: 0.2}
model: {name: logistic}
original: {weights: net.safetensors, rename: {head: fc}}
train: {l2: 1.0e-3, optimizer: {name: lbfgs}}
edit: {remove: {random: {count: 6}}}
methods: [finetune: {epochs: 2, lr: 0.1}]
seeds: {oracle: 2, unlearning: 2}
measure: [accuracy]
)");
  const std::string store = scratch.path() / "store";
  const fs::path output = scratch.path() / "out", applied = scratch.path() / "applied";
  ASSERT_EQ(
      run_program({"run", file, "--store", store, "--output", output, "--keep-models"}).status, 0);
  ASSERT_EQ(
      run_program({"apply", file, "--method", "finetune", "--store", store, "--output", applied})
          .status,
      0);
  EXPECT_EQ(files_in(output / "models"),
            (std::vector<std::string>{"finetune/0-0.safetensors", "finetune/0-1.safetensors"}));
  EXPECT_EQ(testing::read_text(output / "models/finetune/0-0.safetensors"),
            testing::read_text(applied / "edited.safetensors"));
  EXPECT_NE(testing::read_text(output / "models/finetune/0-1.safetensors"),
            testing::read_text(applied / "edited.safetensors"));
}

}  // namespace
}  // namespace oubli
