#include "experiments/engine/plan.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <map>
#include <optional>

#include "core/base/hash.h"
#include "datasets/draw.h"

namespace oubli {
namespace {

// Raised whenever stored results of an older program must not be taken for this one's.
constexpr int kFormatVersion = 4;
// A metric that compares with an untrained model takes the mean over these.
constexpr std::int64_t kInitialModels = 3;

class Planner {
 public:
  Planner(const Experiment& experiment, const Registry<Metric>& metrics) : experiment_(experiment) {
    for (const std::string& name : experiment.spec.measure) {
      const MetricNeeds& needs = metrics.find(name).needs;
      needs_.initial_models |= needs.initial_models;
      needs_.shadows |= needs.shadows;
    }
  }

  Plan run() {
    const Spec& spec = experiment_.spec;
    for (std::int64_t j = 0; j < spec.seeds.oracle; ++j) {
      oracles_.push_back(training_stage(StageKind::kRetrain, j));
    }
    if (needs_.initial_models) {
      for (std::int64_t k = 0; k < kInitialModels; ++k) initial_.push_back(initial_stage(k));
    }
    if (needs_.shadows) {
      for (std::int64_t k = 0; k < spec.seeds.shadow; ++k) {
        shadows_.push_back(training_stage(StageKind::kShadow, k));
      }
    }
    PlannedRow original{"original", {}};
    std::vector<std::size_t> originals;
    for (std::int64_t s = 0; s < spec.seeds.training; ++s) {
      originals.push_back(training_stage(StageKind::kTrain, s));
      original.models.push_back(
          {s, 0, originals.back(), evaluate_stage(originals.back(), oracles_)});
    }
    plan_.rows.push_back(std::move(original));
    for (std::size_t m = 0; m < spec.methods.size(); ++m) {
      PlannedRow row{spec.methods[m].name, {}};
      const std::optional<std::size_t> sweep = sweep_stage(m, originals.front());
      for (std::int64_t s = 0; s < spec.seeds.training; ++s) {
        for (std::int64_t u = 0; u < spec.seeds.unlearning; ++u) {
          const std::size_t edited =
              unlearn_stage(m, originals[static_cast<std::size_t>(s)], sweep, s, u);
          row.models.push_back({s, u, edited, evaluate_stage(edited, oracles_)});
        }
      }
      plan_.rows.push_back(std::move(row));
    }
    PlannedRow floor{kNoiseFloor, {}};
    if (oracles_.size() > 1) {
      for (std::size_t j = 0; j < oracles_.size(); ++j) {
        std::vector<std::size_t> others;
        for (const std::size_t other : oracles_) {
          if (other != oracles_[j]) others.push_back(other);
        }
        floor.models.push_back(
            {static_cast<std::int64_t>(j), 0, oracles_[j], evaluate_stage(oracles_[j], others)});
      }
    }
    plan_.rows.push_back(std::move(floor));
    return std::move(plan_);
  }

 private:
  std::size_t add(Stage stage) {
    stage.description["kind"] = to_string(stage.kind);
    stage.description["format"] = kFormatVersion;
    for (const std::size_t input : stage.inputs) {
      stage.description["inputs"].push_back(plan_.stages[input].key);
    }
    stage.key = sha256_hex(stage.description.dump());
    for (std::size_t i = 0; i < plan_.stages.size(); ++i) {
      if (plan_.stages[i].key == stage.key) return i;  // two rows that ask for the same thing
    }
    stage.cost = std::max(1.0, stage.cost);
    plan_.stages.push_back(std::move(stage));
    return plan_.stages.size() - 1;
  }

  Json training_description() const {
    return {{"data", experiment_.data_hash},
            {"model", experiment_.spec.model_settings()},
            {"weights", experiment_.weights_hash},
            {"train", experiment_.spec.train_settings()},
            {"threads", experiment_.spec.threads}};
  }

  std::size_t training_stage(StageKind kind, std::int64_t seed) {
    const Subset subset = training_set(experiment_, kind, seed);
    Stage stage;
    stage.kind = kind;
    stage.label = fmt::format("{} {}", model_name(kind), seed);
    stage.seed = seed;
    stage.training_seed = seed;
    stage.description = training_description();
    Hasher rows;
    rows.add(subset.rows);
    stage.description["rows"] = rows.hex();
    stage.description["seed"] = seed;
    const TrainingRecipe& recipe = experiment_.spec.recipe;
    stage.cost = static_cast<double>(subset.size()) *
                 static_cast<double>(recipe.optimizer.is_full_batch() ? 100 : recipe.epochs);
    return add(std::move(stage));
  }

  std::size_t initial_stage(std::int64_t seed) {
    Stage stage;
    stage.kind = StageKind::kInitial;
    stage.label = fmt::format("{} {}", model_name(stage.kind), seed);
    stage.seed = seed;
    stage.description = {{"data", experiment_.data_hash},
                         {"model", experiment_.spec.model_settings()},
                         {"seed", seed}};
    return add(std::move(stage));
  }

  // None for a method whose settings are given.
  std::optional<std::size_t> sweep_stage(std::size_t method, std::size_t original) {
    const MethodRow& row = experiment_.spec.methods[method];
    if (!row.sweep) return std::nullopt;
    Stage stage;
    stage.kind = StageKind::kSweep;
    stage.label = fmt::format("trials of {}", row.name);
    stage.method = method;
    stage.oracles = oracles_.size();
    stage.initial = initial_.size();
    stage.inputs = {original};
    add_pairs(stage, {oracles_, initial_});
    stage.description = method_description(row);
    for (const Trial& trial : row.sweep->trials) {
      stage.cost += estimated_cost(*trial.unlearner);
      if (row.sweep->sample_gradients > 0 && stage.cost >= row.sweep->sample_gradients) break;
    }
    return add(std::move(stage));
  }

  double estimated_cost(const Unlearner& unlearner) const {
    return unlearner.estimate_cost(experiment_.task)
        .value_or(static_cast<double>(experiment_.task.retain.size()));
  }

  // What a row asks for; its name does not change what is computed.
  Json method_description(const MethodRow& row) const {
    Json description = training_description();
    description["edit"] = experiment_.edit_hash;
    description["method"] = row.method;
    description["version"] = row.info.version;
    description["settings"] = row.settings;
    description["settings"].erase("as");
    return description;
  }

  // Pairs of a model and its predictions.
  void add_pairs(Stage& stage, const std::vector<std::vector<std::size_t>>& groups) {
    for (const std::vector<std::size_t>& group : groups) {
      for (const std::size_t member : group) {
        stage.inputs.push_back(member);
        stage.inputs.push_back(predict_stage(member));
      }
    }
  }

  std::size_t unlearn_stage(std::size_t method, std::size_t original,
                            std::optional<std::size_t> sweep, std::int64_t training_seed,
                            std::int64_t seed) {
    const MethodRow& row = experiment_.spec.methods[method];
    Stage stage;
    stage.kind = StageKind::kUnlearn;
    stage.label = fmt::format("{}, original {}", row.name, training_seed);
    if (experiment_.spec.seeds.unlearning > 1) stage.label += fmt::format(", run {}", seed);
    stage.inputs = {original};
    if (sweep) stage.inputs.push_back(*sweep);
    stage.method = method;
    stage.training_seed = training_seed;
    stage.seed = seed;
    stage.description = method_description(row);
    stage.description["training_seed"] = training_seed;
    stage.description["seed"] = seed;
    stage.cost = estimated_cost(*row.unlearner);
    return add(std::move(stage));
  }

  std::size_t predict_stage(std::size_t model) {
    if (const auto found = predictions_.find(model); found != predictions_.end()) {
      return found->second;
    }
    Stage stage;
    stage.kind = StageKind::kPredict;
    stage.label = "predictions of " + plan_.stages[model].label;
    stage.inputs = {model};
    stage.description = {{"edit", experiment_.edit_hash}, {"data", experiment_.data_hash}};
    stage.cost = static_cast<double>(experiment_.dataset->size()) / 3;
    return predictions_[model] = add(std::move(stage));
  }

  std::size_t evaluate_stage(std::size_t model, const std::vector<std::size_t>& oracles) {
    Stage stage;
    stage.kind = StageKind::kEvaluate;
    stage.label = "metrics of " + plan_.stages[model].label;
    stage.oracles = oracles.size();
    stage.initial = initial_.size();
    stage.shadows = shadows_.size();
    add_pairs(stage, {{model}, oracles, initial_, shadows_});
    stage.description = {{"measure", experiment_.spec.measure}, {"edit", experiment_.edit_hash}};
    return add(std::move(stage));
  }

  const Experiment& experiment_;
  Plan plan_;
  std::vector<std::size_t> oracles_;
  std::vector<std::size_t> initial_;
  std::vector<std::size_t> shadows_;
  std::map<std::size_t, std::size_t> predictions_;  // of a model's stage
  MetricNeeds needs_;
};

}  // namespace

std::string to_string(StageKind kind) {
  switch (kind) {
    case StageKind::kTrain:
      return "train";
    case StageKind::kRetrain:
      return "retrain";
    case StageKind::kShadow:
      return "shadow";
    case StageKind::kInitial:
      return "initial";
    case StageKind::kSweep:
      return "sweep";
    case StageKind::kUnlearn:
      return "unlearn";
    case StageKind::kPredict:
      return "predict";
    case StageKind::kEvaluate:
      return "evaluate";
  }
  return "";
}

std::string model_name(StageKind kind) {
  switch (kind) {
    case StageKind::kRetrain:
      return "oracle";
    case StageKind::kShadow:
      return "shadow";
    case StageKind::kInitial:
      return "untrained";
    default:
      return "original";
  }
}

Subset training_set(const Experiment& experiment, StageKind kind, std::int64_t seed) {
  const Task& task = experiment.task;
  if (kind == StageKind::kTrain) return task.train;
  if (kind == StageKind::kRetrain) return task.retain;
  const Tensor& outside = experiment.held_out.numel() > 0 ? experiment.held_out : task.test.rows;
  const Tensor population = rows_union(task.train.rows, outside);
  const std::int64_t n = population.numel();
  Generator generator =
      Generator(static_cast<std::uint64_t>(seed)).stream("members of a shadow's training set");
  const Tensor half = generator.permutation(n).narrow(0, 0, n / 2);
  return task.train.with_rows(sorted_rows(population.index_select(0, half)));
}

const Stage& Plan::find(const std::string& key) const {
  for (const Stage& stage : stages) {
    if (stage.key == key) return stage;
  }
  throw Error(ErrorKind::kUsage,
              fmt::format("no stage of this experiment has the key '{}'; `oubli check FILE --keys` "
                          "lists them. Was the file changed?",
                          key));
}

Plan make_plan(const Experiment& experiment, const Registry<Metric>& metrics) {
  return Planner(experiment, metrics).run();
}

}  // namespace oubli
