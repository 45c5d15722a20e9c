#include <ATen/ATen.h>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>

#include "core/nn/ensemble.h"
#include "core/unlearn/sharded_training.h"
#include "core/unlearn/training_procedure.h"
#include "experiments/selftest/problems.h"
#include "tests/support/expect_error.h"
#include "tests/support/methods.h"

namespace oubli {
namespace {

using ::testing::HasSubstr;
using testing::make_dataset;
using testing::run_method;

constexpr std::uint64_t kSeed = 12;

// What a state becomes between two requests of a run.
MethodStatePtr written_and_read(const MethodState& state) {
  MethodState read;
  read.values = Json::parse(state.values.dump());
  for (const auto& [name, tensor] : state.tensors) read.tensors.emplace_back(name, tensor.clone());
  return std::make_shared<const MethodState>(std::move(read));
}

struct Trained {
  Model model;
  MethodStatePtr record;
  double sample_gradients;
};

// An experiment with sisa: models are made and trained as its plan says.
struct Experiment {
  std::string settings, architecture, architecture_settings;
  std::shared_ptr<const Dataset> data;
  at::ScalarType dtype = at::kDouble;
  TrainingRecipe recipe;

  Experiment(std::string settings_of_method, std::shared_ptr<const Dataset> dataset,
             std::string name = "mlp", std::string of_architecture = "{hidden: [5]}")
      : settings(std::move(settings_of_method)),
        architecture(std::move(name)),
        architecture_settings(std::move(of_architecture)),
        data(std::move(dataset)) {
    recipe = testing::removal_task(data, 0, 0.01).recipe;
    recipe.optimizer = {.name = "sgd", .lr = 0.1, .momentum = 0.9};
    recipe.epochs = 6;
    recipe.batch_size = 8;
  }

  TrainingPlan plan() const {
    const Methods methods = builtin_methods();
    const Settings read(parse_settings(settings, "test"));
    return methods.find("sisa").make(read, methods)->training_plan({recipe});
  }
  Trained train(const Tensor& rows, std::uint64_t seed = kSeed) const {
    const Network network =
        network_of(plan(), testing::make_network(architecture, architecture_settings, *data));
    Trained trained{Model(network.layers, network.table, dtype), nullptr, 0};
    Context context(seed);
    MethodState record;
    trained.sample_gradients =
        train_by_plan(trained.model, {data, rows, {}}, plan(), context, record).sample_gradients;
    trained.record = written_and_read(record);
    return trained;
  }
  // From the rows that were trained on to those that are left.
  Task task(const Tensor& before, const Tensor& left, const MethodStatePtr& record,
            const MethodStatePtr& state = nullptr) const {
    Task task = testing::removal_task(data, 0, 0.01);
    task.train = task.train.with_rows(before);
    task.retain = task.train.with_rows(left);
    task.forget = task.train.with_rows(rows_difference(before, left));
    task.added = task.train.with_rows(rows_difference(left, before));
    task.recipe = plan().recipe;
    task.record = [record] { return record; };
    task.state = state;
    return task;
  }
};

void expect_same_bits(const Model& a, const Model& b, const std::string& where) {
  EXPECT_TRUE(a.theta().equal(b.theta())) << where;
  for (std::size_t i = 0; i < a.buffers().size(); ++i) {
    EXPECT_TRUE(a.buffers()[i].equal(b.buffers()[i])) << where << ", buffer " << i;
  }
}

// All of it: seed, checkpoints, and that nothing else is kept.
void expect_same_memory(const MethodState& a, const MethodState& b, const std::string& where) {
  EXPECT_EQ(a.values, b.values) << where;
  ASSERT_EQ(a.tensors.size(), b.tensors.size()) << where;
  for (std::size_t i = 0; i < a.tensors.size(); ++i) {
    EXPECT_EQ(a.tensors[i].first, b.tensors[i].first) << where;
    EXPECT_TRUE(a.tensors[i].second.equal(b.tensors[i].second)) << where << a.tensors[i].first;
  }
}

std::vector<Experiment> experiments() {
  const auto table = make_dataset(60, 4, 3);
  std::vector<Experiment> all;
  all.emplace_back("{shards: 3, slices: 1}", table);
  all.emplace_back("{shards: 3, slices: 4, join: vote}", table);
  all.emplace_back("{shards: 1, slices: 3}", table);
  all.emplace_back("{shards: 4, slices: 2}", make_dataset(60, 4, 0), "linear", "{}");
  all.back().recipe.optimizer = {.name = "lbfgs"};
  Experiment pictures("{shards: 3, slices: 3}", testing::make_images(60, 1, 8, 3, 0, at::kFloat),
                      "convnet", "{channels: [4], norm: batch}");
  pictures.dtype = at::kFloat;
  pictures.recipe.optimizer = {.name = "adam", .lr = 0.01};
  pictures.recipe.augmentation.crop = 1;
  pictures.recipe.schedule.name = "cosine";
  pictures.recipe.drop_last = true;
  all.push_back(std::move(pictures));
  return all;
}

TEST(Sisa, IsSisaFromScratchOnWhatRemains) {
  for (const Experiment& experiment : experiments()) {
    for (const Tensor& left : {at::arange(10, 60), at::cat({at::arange(31), at::arange(32, 60)})}) {
      Trained edited = experiment.train(at::arange(60));
      const Trained scratch = experiment.train(left);
      EXPECT_FALSE(edited.model.theta().equal(scratch.model.theta()));
      const UnlearnReport report =
          run_method("sisa", experiment.settings, edited.model,
                     experiment.task(at::arange(60), left, edited.record), /*seed=*/99);
      EXPECT_EQ(report.status, UnlearnStatus::kCompleted) << report.message;
      expect_same_bits(edited.model, scratch.model, experiment.settings);
      expect_same_memory(*report.state, *scratch.record, experiment.settings);
      EXPECT_LE(report.sample_gradients, scratch.sample_gradients);
    }
  }
}

// Rows leave and come, and some that left come back.
TEST(Sisa, IsSisaFromScratchAtEachOf25Requests) {
  for (const Experiment& experiment : experiments()) {
    Tensor members = at::arange(50);
    Trained edited = experiment.train(members);
    MethodStatePtr state;
    Generator draw(4);
    for (int k = 1; k <= 25; ++k) {
      const Tensor leaving =
          members.index_select(0, draw.permutation(members.numel()).slice(0, 0, 2));
      Tensor left = rows_difference(members, std::get<0>(leaving.sort()));
      if (k % 2 == 0) left = rows_union(left, draw.integers(0, 60, {3}));
      const Task task = experiment.task(members, left, edited.record, state);
      const UnlearnReport report = run_method("sisa", experiment.settings, edited.model, task,
                                              static_cast<std::uint64_t>(k));
      ASSERT_EQ(report.status, UnlearnStatus::kCompleted) << report.message;
      state = written_and_read(*report.state);
      members = left;
      if (k % 8 != 1) continue;  // 1, 9, 17, 25
      const Trained scratch = experiment.train(members);
      const std::string where = fmt::format("{} after {} requests", experiment.settings, k);
      expect_same_bits(edited.model, scratch.model, where);
      expect_same_memory(*state, *scratch.record, where);
    }
  }
}

TEST(Sisa, LeavesTheOtherShardsAndEarlierSlicesAlone) {
  const Experiment experiment("{shards: 4, slices: 3}", make_dataset(80, 4, 3));
  const Trained original = experiment.train(at::arange(80));
  const ShardedTraining training = ShardedTraining::read(*original.record);
  const Subset all = testing::all_of(experiment.data);
  for (const std::int64_t row : {0, 7, 33, 62}) {
    const Shards::Place place = training.shards().place_of(row);
    const Tensor left = rows_difference(at::arange(80), at::tensor({row}, at::kLong));
    Model model = original.model.clone();
    const UnlearnReport report = run_method("sisa", experiment.settings, model,
                                            experiment.task(at::arange(80), left, original.record));
    double cost = 0;
    for (std::int64_t r = place.slice; r < 3; ++r) {
      const Subset slices = training.shards().members(all.with_rows(left), place.shard, r);
      cost += static_cast<double>(slices.size() * epochs_of_slice(6, 3, r));
    }
    EXPECT_EQ(report.sample_gradients, cost);
    EXPECT_EQ(report.details.at("shards_touched"), 1);
    EXPECT_EQ(report.details.at("stages_trained"), 3 - place.slice);
    EXPECT_EQ(report.details.at("retrained"), false);
    EXPECT_DOUBLE_EQ(report.details.at("expected_shards_touched").get<double>(), 1);
    for (std::int64_t k = 0; k < 4; ++k) {
      EXPECT_EQ(copy_of(model, k).theta().equal(copy_of(original.model, k).theta()),
                k != place.shard);
    }
    // The checkpoint that it went back to, and all of other shards, are as they were.
    std::size_t same = 0;
    for (std::size_t i = 0; i < report.state->tensors.size(); ++i) {
      same += report.state->tensors[i].second.equal(original.record->tensors[i].second) ? 1 : 0;
    }
    EXPECT_EQ(same, 6 + static_cast<std::size_t>(place.slice));
  }
}

TEST(Sisa, TouchesAsManyShardsAsExpected) {
  Experiment experiment("{shards: 10}", make_dataset(400, 2, 2), "logistic", "{}");
  experiment.recipe.epochs = 1;
  constexpr int kSeeds = 40;
  const Tensor left = at::arange(12, 400);
  double sum = 0, expected = 0, cost = 0;
  for (int seed = 0; seed < kSeeds; ++seed) {
    Trained original = experiment.train(at::arange(400), static_cast<std::uint64_t>(seed));
    const UnlearnReport report =
        run_method("sisa", experiment.settings, original.model,
                   experiment.task(at::arange(400), left, original.record));
    sum += report.details.at("shards_touched").get<double>();
    expected = report.details.at("expected_shards_touched").get<double>();
    cost += report.sample_gradients;
  }
  EXPECT_NEAR(expected, 10 * (1 - std::pow(0.9, 12)), 1e-12);
  // The number of occupied shards of 10 by 12 rows has a standard deviation of 0.96.
  EXPECT_NEAR(sum / kSeeds, expected, 4 * 0.96 / std::sqrt(kSeeds));
  EXPECT_NEAR(cost / kSeeds / 388, expected / 10, 0.06);
}

// An early end leaves nothing of what was to be forgotten, and the rest for the next request.
TEST(Sisa, GoesOnWhereItWasStopped) {
  const Experiment experiment("{shards: 3, slices: 2}", make_dataset(60, 4, 3));
  const Methods methods = builtin_methods();
  const MethodInfo& info = methods.find("sisa");
  const Settings settings(parse_settings(experiment.settings, "test"));
  const auto method = info.make(settings, methods);
  const Tensor left = at::arange(10, 60);
  const Trained scratch = experiment.train(left);
  for (const double budget : {0.0, 100.0, 200.0}) {
    Trained edited = experiment.train(at::arange(60));
    Context context(0);
    context.budget = budget;
    const UnlearnReport stopped = run_unlearner(
        info, *method, edited.model, experiment.task(at::arange(60), left, edited.record), context);
    EXPECT_EQ(stopped.status, UnlearnStatus::kStopped);
    EXPECT_THAT(stopped.message, HasSubstr("stopped"));
    EXPECT_FALSE(edited.model.theta().equal(scratch.model.theta()));
    if (budget == 0) {
      // All three shards hold a row that leaves: nothing that was learnt is left in them.
      const std::vector<std::int64_t> first =
          ShardedTraining::read(*edited.record).shards().first_slices(at::arange(10));
      EXPECT_EQ(first, std::vector<std::int64_t>(3, 0));
      EXPECT_TRUE(stopped.state->tensors.empty());
      Generator draw = Generator(kSeed).stream("initialisation");
      Model fresh = copy_of(edited.model, 0);
      fresh.initialise(draw);
      EXPECT_TRUE(copy_of(edited.model, 0).theta().equal(fresh.theta()));
    }
    const UnlearnReport finished =
        run_method("sisa", experiment.settings, edited.model,
                   experiment.task(left, left, nullptr, written_and_read(*stopped.state)));
    EXPECT_EQ(finished.status, UnlearnStatus::kCompleted) << finished.message;
    expect_same_bits(edited.model, scratch.model, fmt::format("{}", budget));
    expect_same_memory(*finished.state, *scratch.record, fmt::format("{}", budget));
  }
}

TEST(Sisa, SaysWhatItCannotDo) {
  const auto data = make_dataset(60, 4, 3);
  const Experiment experiment("{shards: 3}", data);
  const Tensor all = at::arange(60), left = at::arange(10, 60);
  const Trained original = experiment.train(all);
  const auto run = [&](Model model, const Task& task) {
    run_method("sisa", "{shards: 3}", model, task);
  };
  EXPECT_ERROR(ErrorKind::kTask, run(original.model.clone(), experiment.task(all, left, nullptr)),
               HasSubstr("nothing was written down"));
  EXPECT_ERROR(ErrorKind::kTask,
               run(original.model.clone(),
                   experiment.task(all, left, std::make_shared<const MethodState>())),
               HasSubstr("no training in shards"));
  EXPECT_ERROR(
      ErrorKind::kTask,
      run(original.model.clone(), experiment.task(at::arange(1, 60), left, original.record)),
      HasSubstr("of other rows"));
  EXPECT_ERROR(ErrorKind::kTask,
               run(testing::make_model("mlp", "{hidden: [5]}", *data),
                   experiment.task(all, left, original.record)),
               HasSubstr("1 copies"));
  EXPECT_ERROR(ErrorKind::kTask,
               run(original.model.clone(), experiment.task(all, at::arange(2), original.record)),
               HasSubstr("no example"));
}

TEST(Sisa, SaysWhichSettingsDoNotFit) {
  const auto plan = [](const std::string& settings, std::int64_t classes) {
    const Experiment experiment(settings, make_dataset(20, 4, classes));
    experiment.plan();
  };
  EXPECT_ERROR(ErrorKind::kSettings, plan("{slices: 12}", 3),
               HasSubstr("12 slices leave less than one of 6 epochs for each: 11 are the most"));
  EXPECT_ERROR(ErrorKind::kSettings, plan("{join: vote}", 0), HasSubstr("numbers have a mean"));
  const Experiment of_one("{shards: 1}", make_dataset(20, 4, 3));
  EXPECT_FALSE(of_one.plan().to_json().contains("copies"));
  EXPECT_EQ(Experiment("{shards: 2}", of_one.data).plan().to_json().at("copies"), 2);
}

}  // namespace
}  // namespace oubli
