// Same key, same bits: every setting of every stage is changed in turn, and each stage that keeps
// its key is run again and must leave the same bytes.
#include <ATen/Parallel.h>
#include <fmt/format.h>
#include <gmock/gmock.h>

#include <algorithm>
#include <map>
#include <set>

#include "core/base/settings_file.h"
#include "experiments/engine/run/missing_stages.h"
#include "experiments/engine/run/run_stage.h"
#include "tests/support/files.h"

namespace oubli {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

// Every method, and metrics that need every kind of stage.
const char* const kBase = R"(
data: {name: gaussian_classes, classes: 3, features: 4, examples: 70, test_examples: 20,
       validation_fraction: 0.2, held_out: 0.1}
model: {name: mlp, hidden: [4]}
train: {l2: 1.0e-3, optimizer: {name: sgd, lr: 0.1, momentum: 0.5}, epochs: 2, batch_size: 16,
        schedule: {name: one_cycle}}
edit: {remove: {random: {count: 8}}}
methods:
  - retrain
  - finetune: {epochs: 1}
  - gradient_ascent: {bound: 50, steps: 2}
  - fisher_forgetting
  - influence: {curvature: {name: kfac}, damping: 0.1}
  - newton: {damping: 0.01, max_iterations: 5, preconditioner: {name: nystroem, rank: 3}}
  - finetune: {as: swept, sweep: {over: {lr: [0.1, 0.2]}, budget: {sample_gradients: 5000}}}
seeds: {training: 2, oracle: 3, shadow: 4}
measure: [accuracy, loss, gaps, divergence, zrf, lira, ulira, relearning, klom, distance, cost]
relearn: {epochs: 2}
)";

// Settings that have one value here and no other that the experiment could run with: its examples
// are no images, and momentum, which stands beside it, is sgd's.
const std::set<std::string> kWithoutAnother = {"data.name",
                                               "train.loss",
                                               "train.augment.crop",
                                               "train.augment.flip",
                                               "methods.1.optimizer",
                                               "methods.4.preconditioner.name",
                                               "methods.6.sweep.list.0.optimizer",
                                               "methods.6.sweep.list.1.optimizer"};

struct Setting {
  std::string path;
  Json value;
};

void list_settings(const Json& map, const std::string& path, std::vector<Setting>& all) {
  for (const auto& [key, value] : map.items()) {
    const std::string inner = path.empty() ? key : fmt::format("{}.{}", path, key);
    if (value.is_object()) {
      list_settings(value, inner, all);
    } else if (value.is_array() && !value.empty() && value.front().is_object()) {
      for (std::size_t i = 0; i < value.size(); ++i) {  // methods: [{name: {settings}}, ...]
        const bool is_named = value[i].size() == 1 && value[i].front().is_object();
        list_settings(is_named ? value[i].front() : value[i], fmt::format("{}.{}", inner, i), all);
      }
    } else {
      all.push_back({inner, value});
    }
  }
}

// What to try in place of a value, as YAML.
std::vector<std::string> other_values(const Json& value) {
  if (value.is_boolean()) return {value.get<bool>() ? "false" : "true"};
  if (value.is_number()) {
    const double number = value;
    std::vector<std::string> found;
    for (const double other : {number + 1, number - 1, number / 2, 2 * number, 0.5, 40.0}) {
      if (other != number) found.push_back(fmt::format("{}", other));
    }
    return found;
  }
  if (value.is_array()) {
    if (value.empty()) return {};
    if (value.front().is_number()) {
      Json changed = value;
      if (value[0].is_number_integer()) {
        changed[0] = value[0].get<std::int64_t>() + 1;
      } else {
        changed[0] = value[0].get<double>() / 2;
      }
      return {changed.dump()};
    }
    Json shorter = value;
    shorter.erase(shorter.size() - 1);
    return {shorter.dump()};
  }
  static const std::vector<std::string> words = {
      "auto",           "float64",          "squared_error",
      "adam",           "cosine",           "tanh",
      "relu",           "released",         "paper",
      "expected",       "empirical",        "ekfac",
      "hessian",        "direct",           "jacobi",
      "truncate",       "random",           "levenberg_marquardt",
      "reduce",         "removed_gradient", "loss/validation",
      "logistic",       "another",          "block_cg",
      "[accuracy/test]"};
  return words;
}

// The same as overrides. What has a name is replaced with all that belongs to it.
std::vector<std::string> others(const Setting& setting) {
  std::vector<std::string> overrides;
  const std::size_t end = setting.path.rfind(".name");
  const bool is_name = end != std::string::npos && end + 5 == setting.path.size();
  for (const std::string& value : other_values(setting.value)) {
    overrides.push_back(is_name ? fmt::format("{}={{name: {}}}", setting.path.substr(0, end), value)
                                : fmt::format("{}={}", setting.path, value));
  }
  return overrides;
}

class Keys : public ::testing::Test {
 protected:
  struct Planned {
    Experiment experiment;
    Plan plan;
  };

  Planned plan_of(const std::string& yaml, const std::string& change = "") const {
    SettingsNode root = parse_settings(yaml, "base.yaml");
    if (!change.empty()) apply_override(root, change);
    Planned planned{prepare_experiment(read_spec(Settings(root), "base.yaml", registries_), {}),
                    {}};
    planned.plan = make_plan(planned.experiment, registries_.metrics);
    return planned;
  }

  // Runs those of the plan's stages that `wanted` holds.
  void run(const Planned& planned, const Store& store, const std::set<std::string>& wanted,
           const StageHost& host = {}) const {
    at::set_num_threads(static_cast<int>(planned.experiment.spec.threads));
    for (const Stage& stage : planned.plan.stages) {
      if (wanted.contains(stage.key)) {
        run_stage(planned.experiment, planned.plan, stage, registries_, store, host);
      }
    }
    at::set_num_threads(1);
  }

  static std::set<std::string> keys_of(const Plan& plan) {
    std::set<std::string> keys;
    for (const Stage& stage : plan.stages) keys.insert(stage.key);
    return keys;
  }

  // The content of an entry, but for what the clock says.
  static std::map<std::string, std::string> content(const Store& store, const std::string& key) {
    std::map<std::string, std::string> files;
    for (const auto& item : fs::directory_iterator(store.entry(key))) {
      const std::string name = item.path().filename();
      if (name == "entry.json") continue;
      std::string text = read_text_file(item.path());
      if (item.path().extension() == ".json")
        text = testing::without_times(Json::parse(text)).dump();
      files[name] = std::move(text);
    }
    return files;
  }

  Registries registries_ = builtin_registries();
  testing::TemporaryFolder folder_;
};

TEST_F(Keys, ChangeWhereverBytesDo) {
  const std::string base_yaml = to_yaml(plan_of(kBase).experiment.spec.resolved);
  const Planned base = plan_of(base_yaml);
  const std::set<std::string> base_keys = keys_of(base.plan);
  const Store base_store(folder_ / "base");
  run(base, base_store, base_keys);
  std::vector<Setting> settings;
  list_settings(base.experiment.spec.resolved, "", settings);
  std::set<std::string> changed_by_something;
  for (const Setting& setting : settings) {
    bool is_changed = false;
    for (const std::string& other : others(setting)) {
      Planned planned;
      try {
        planned = plan_of(base_yaml, other);
      } catch (const Error&) {
        continue;  // not a value that it can have
      }
      is_changed = true;
      const std::set<std::string> keys = keys_of(planned.plan);
      std::set<std::string> shared;
      std::set_intersection(keys.begin(), keys.end(), base_keys.begin(), base_keys.end(),
                            std::inserter(shared, shared.end()));
      if (shared.size() < base_keys.size()) changed_by_something.insert(setting.path);
      const Store store(folder_ / "other");
      run(planned, store, shared);
      for (const std::string& key : shared) {
        EXPECT_EQ(content(store, key), content(base_store, key))
            << other << " changes what " << planned.plan.find(key).label
            << " leaves and not its key";
      }
      fs::remove_all(store.folder());
      break;
    }
    EXPECT_TRUE(is_changed || kWithoutAnother.contains(setting.path))
        << setting.path << " has no other value in this test: give it one";
  }
  // Not vacuous: settings of the data, the model, the training, the edit and each method do count.
  for (const char* path :
       {"data.seed", "model.hidden", "train.l2", "train.optimizer.lr", "train.schedule.warm_up",
        "edit.remove.random.count", "methods.1.epochs", "methods.2.lr", "methods.3.alpha",
        "methods.4.curvature.sharing", "methods.5.memory", "methods.6.sweep.objective",
        "methods.6.sweep.list.1.lr", "relearn.lr", "threads"}) {
    EXPECT_TRUE(changed_by_something.contains(path)) << path;
  }
}

// Damage after the first look at a store is found where the input is read, and what was made from
// other content is done again.
TEST_F(Keys, AStageThatReadsADamagedInputFindsIt) {
  const Planned planned = plan_of(kBase);
  const Store store(folder_ / "store");
  const auto first = [&](StageKind kind) {
    for (const Stage& stage : planned.plan.stages) {
      if (stage.kind == kind) return &stage;
    }
    throw Error(ErrorKind::kUsage, "no such stage");
  };
  const Stage& original = *first(StageKind::kTrain);
  run(planned, store, {original.key});
  const fs::path model = store.entry(original.key) / "model.safetensors";
  std::string bytes = testing::read_text(model);
  bytes[bytes.size() - 1] = static_cast<char>(bytes.back() ^ 1);
  std::ofstream(model, std::ios::binary) << bytes;
  const auto predicts =
      std::find_if(planned.plan.stages.begin(), planned.plan.stages.end(), [&](const Stage& stage) {
        return stage.kind == StageKind::kPredict &&
               planned.plan.stages[stage.inputs.front()].key == original.key;
      });
  ASSERT_NE(predicts, planned.plan.stages.end());
  EXPECT_THROW(run(planned, store, {predicts->key}), DamagedEntry);
  EXPECT_EQ(store.check(predicts->key, true).state, Store::State::kAbsent);
  std::vector<std::string> damaged;
  const std::vector<std::size_t> missing = missing_stages(planned.plan, store, damaged);
  EXPECT_EQ(missing.size(), planned.plan.stages.size());
  EXPECT_THAT(damaged, ElementsAre(HasSubstr("original 0")));
}

// Outputs that are read again whenever they are asked for, and nothing kept of passes.
TEST_F(Keys, BytesDoNotDependOnTheMemoryOfAJob) {
  const Planned planned = plan_of(kBase);
  const std::set<std::string> keys = keys_of(planned.plan);
  const Store much(folder_ / "much"), little(folder_ / "little");
  run(planned, much, keys);
  run(planned, little, keys, {.memory = 1});
  for (const std::string& key : keys) {
    EXPECT_EQ(content(little, key), content(much, key)) << planned.plan.find(key).label;
  }
}

// Two trials, of which one says lr and the other epochs: what both start from counts.
TEST_F(Keys, KnowAllSettingsOfEveryTrial) {
  const auto keys_with = [&](const std::string& base) {
    return keys_of(plan_of(kBase, "methods=[{finetune: {" + base +
                                      "sweep: {list: [{lr: 0.1}, {epochs: 3}]}}}]")
                       .plan);
  };
  const std::set<std::string> standard = keys_with(""), other = keys_with("lr: 0.1, ");
  EXPECT_NE(standard, other);
  const Planned planned =
      plan_of(kBase, "methods=[{finetune: {sweep: {list: [{lr: 0.1}, {epochs: 3}]}}}]");
  const Planned again = plan_of(to_yaml(planned.experiment.spec.resolved));
  EXPECT_EQ(keys_of(again.plan), standard);
  EXPECT_EQ(again.experiment.spec.resolved, planned.experiment.spec.resolved);
}

TEST_F(Keys, KnowTheTypeAndTheNumberOfOutputs) {
  const std::string two = R"(
data: {name: gaussian_classes, classes: 2, features: 4, examples: 60, test_examples: 20}
model: {name: logistic}
train: {epochs: 1}
edit: {remove: {random: {count: 5}}}
methods: [retrain]
seeds: {training: 1, oracle: 2}
measure: [zrf]
)";
  const std::set<std::string> softmax = keys_of(plan_of(two).plan),
                              single = keys_of(plan_of(two, "train.loss=binary_logistic").plan),
                              wide = keys_of(plan_of(two, "model.dtype=float64").plan);
  for (const std::string& key : softmax) {
    EXPECT_FALSE(single.contains(key)) << plan_of(two).plan.find(key).label;
    EXPECT_FALSE(wide.contains(key)) << plan_of(two).plan.find(key).label;
  }
}

TEST_F(Keys, KnowTheVersionsOfMetricsAndMethods) {
  const Planned before = plan_of(kBase);
  Registries newer = registries_;
  Registry<Metric> metrics("metric");
  for (Metric metric : registries_.metrics.entries()) {
    if (metric.name == "loss") ++metric.version;
    metrics.add(std::move(metric));
  }
  const Plan after = make_plan(before.experiment, metrics);
  ASSERT_EQ(after.stages.size(), before.plan.stages.size());
  for (std::size_t i = 0; i < after.stages.size(); ++i) {
    const Stage& stage = after.stages[i];
    const bool has_metrics =
        stage.kind == StageKind::kEvaluate || stage.kind == StageKind::kCompare;
    EXPECT_EQ(stage.key == before.plan.stages[i].key, !has_metrics) << stage.label;
  }
}

// The plan of many models is no heavier than their number: nothing in it is a list of all of them
// for each.
TEST_F(Keys, APlanGrowsWithTheNumberOfModels) {
  const auto size_of = [&](const std::string& change) {
    const Planned planned = plan_of(kBase, change);
    std::size_t numbers = 0, text = 0;
    std::set<const MemberGroup*> groups;
    for (const Stage& stage : planned.plan.stages) {
      numbers += stage.inputs.size();
      text += stage.description.dump().size();
      for (const auto& [role, members] : stage.members) {
        if (groups.insert(members.group.get()).second) numbers += members.group->members.size();
      }
    }
    return numbers + text;
  };
  const double few = static_cast<double>(size_of("seeds.oracle=50"));
  EXPECT_LT(static_cast<double>(size_of("seeds.oracle=400")) / few, 8.5);
}

}  // namespace
}  // namespace oubli
