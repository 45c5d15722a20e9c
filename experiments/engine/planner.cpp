// Makes the plan of an experiment.
#include <fmt/format.h>

#include <map>
#include <optional>

#include "core/base/hash.h"
#include "experiments/engine/plan.h"
#include "experiments/engine/training_sets.h"

namespace oubli {
namespace {

// Raised whenever stored results of an older program must not be taken for this one's.
constexpr int kFormatVersion = 4;
// Raised whenever a metric's definition changes: metrics are then taken again, and nothing trained.
constexpr int kMetricsVersion = 1;
// A metric that compares with an untrained model takes the mean over these.
constexpr std::int64_t kInitialModels = 3;

class Planner {
 public:
  Planner(const Experiment& experiment, const Registry<Metric>& metrics) : experiment_(experiment) {
    for (const std::string& name : experiment.spec.measure) {
      const Metric& metric = metrics.find(name);
      needs_.initial_models |= metric.needs.initial_models;
      needs_.shadows |= metric.needs.shadows;
      needs_.edited_shadows |= metric.needs.edited_shadows;
      needs_.relearning |= metric.needs.relearning;
      compares_ |= metric.compute_population != nullptr;
    }
    needs_.relearning &= !experiment.task.forget.empty();
  }

  Plan run() {
    const Spec& spec = experiment_.spec;
    for (std::int64_t j = 0; j < spec.seeds.oracle; ++j) {
      oracles_.push_back(training_stage(StageKind::kRetrain, j));
    }
    if (needs_.initial_models) {
      for (std::int64_t k = 0; k < kInitialModels; ++k) initial_.push_back(initial_stage(k));
    }
    if (needs_.shadows) shadows_ = models_of_attacker(StageKind::kShadow);
    if (needs_.edited_shadows) audits_ = models_of_attacker(StageKind::kAudit);
    for (std::int64_t s = 0; s < spec.seeds.training; ++s) {
      originals_.push_back(training_stage(StageKind::kTrain, s));
    }
    plan_original();
    for (std::size_t m = 0; m < spec.methods.size(); ++m) plan_method(m);
    plan_noise_floor();
    return std::move(plan_);
  }

 private:
  std::vector<std::size_t> models_of_attacker(StageKind kind) {
    std::vector<std::size_t> models;
    for (std::int64_t k = 0; k < experiment_.spec.seeds.shadow; ++k) {
      models.push_back(training_stage(kind, k));
    }
    return models;
  }

  // Doing nothing; an attacker's models are then not edited either.
  void plan_original() {
    PlannedRow row{"original", {}, {}};
    for (std::size_t s = 0; s < originals_.size(); ++s) {
      const auto seed = static_cast<std::int64_t>(s);
      row.models.push_back(
          {seed, 0, originals_[s], evaluate_stage(originals_[s], seed, oracles_, audits_)});
    }
    row.compare = compare_stage(row);
    plan_.rows.push_back(std::move(row));
  }

  void plan_method(std::size_t m) {
    PlannedRow row{experiment_.spec.methods[m].name, {}, {}};
    const std::optional<std::size_t> sweep = sweep_stage(m, originals_.front());
    std::vector<std::size_t> edited_audits;
    for (std::size_t k = 0; k < audits_.size(); ++k) {
      edited_audits.push_back(audit_stage(m, k, sweep));
    }
    for (std::size_t s = 0; s < originals_.size(); ++s) {
      for (std::int64_t u = 0; u < experiment_.spec.seeds.unlearning; ++u) {
        const auto seed = static_cast<std::int64_t>(s);
        const std::size_t edited = unlearn_stage(m, originals_[s], sweep, seed, u);
        row.models.push_back(
            {seed, u, edited, evaluate_stage(edited, seed, oracles_, edited_audits)});
      }
    }
    row.compare = compare_stage(row);
    plan_.rows.push_back(std::move(row));
  }

  // Each oracle against the others. An attacker who retrains has oracles of his own.
  void plan_noise_floor() {
    PlannedRow row{kNoiseFloor, {}, {}};
    if (oracles_.size() > 1) {
      std::vector<std::size_t> retrained;
      for (std::size_t k = 0; k < audits_.size(); ++k) {
        const auto seed = static_cast<std::int64_t>(oracles_.size() + k);
        retrained.push_back(training_stage(StageKind::kRetrain, seed));
      }
      for (std::size_t j = 0; j < oracles_.size(); ++j) {
        std::vector<std::size_t> others;
        for (const std::size_t other : oracles_) {
          if (other != oracles_[j]) others.push_back(other);
        }
        const auto seed = static_cast<std::int64_t>(j);
        row.models.push_back(
            {seed, 0, oracles_[j], evaluate_stage(oracles_[j], seed, others, retrained)});
      }
    }
    row.compare = compare_stage(row);
    plan_.rows.push_back(std::move(row));
  }

  // One model of each training seed (runs on one original are alike), against half of the oracles;
  // the noise floor is of the other half, as many as originals. Absent where no metric looks at all
  // models together, or there is only one.
  std::optional<std::size_t> compare_stage(const PlannedRow& row) {
    const std::size_t half = oracles_.size() / 2;
    Stage stage;
    stage.kind = StageKind::kCompare;
    stage.label = "metrics of all models of " + row.name;
    std::size_t models = 0;
    for (const PlannedModel& model : row.models) {
      if (model.unlearning_seed > 0) continue;
      if (row.name == kNoiseFloor && models == std::min(half, originals_.size())) break;
      add_member(stage, ModelRole::kModel, model.model, model.training_seed);
      ++models;
    }
    if (!compares_ || models < 2 || oracles_.size() - half < 2) return std::nullopt;
    const auto middle = oracles_.begin() + static_cast<std::ptrdiff_t>(half);
    add_members(stage, ModelRole::kOracle, {middle, oracles_.end()});
    add_members(stage, ModelRole::kControlOracle, {oracles_.begin(), middle});
    stage.description = evaluation_description();
    return add(std::move(stage));
  }

  std::size_t add(Stage stage) {
    stage.description["kind"] = to_string(stage.kind);
    stage.description["format"] = kFormatVersion;
    for (const std::size_t input : stage.inputs) {
      stage.description["inputs"].push_back(plan_.stages[input].key);
    }
    for (const auto& [role, members] : stage.members) {
      Json seeds = Json::array();
      for (const StageMember& member : members) seeds.push_back(member.seed);
      stage.description["members"].push_back({static_cast<int>(role), seeds});
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
    stage.inputs = {original};
    add_members(stage, ModelRole::kOracle, oracles_);
    add_members(stage, ModelRole::kInitial, initial_);
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

  void add_member(Stage& stage, ModelRole role, std::size_t model, std::int64_t seed) {
    StageMember member{model, predict_stage(model), {}, seed};
    stage.inputs.insert(stage.inputs.end(), {model, member.predictions});
    const bool looked_at = role == ModelRole::kModel || role == ModelRole::kOracle;
    if (needs_.relearning && looked_at && stage.kind == StageKind::kEvaluate) {
      member.relearning = relearn_stage(model);
      stage.inputs.push_back(*member.relearning);
    }
    stage.members[role].push_back(member);
  }

  void add_members(Stage& stage, ModelRole role, const std::vector<std::size_t>& models) {
    for (std::size_t i = 0; i < models.size(); ++i) {
      add_member(stage, role, models[i], static_cast<std::int64_t>(i));
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

  // A method on an attacker's model, which it makes forget that model's own half.
  std::size_t audit_stage(std::size_t method, std::size_t audit, std::optional<std::size_t> sweep) {
    const MethodRow& row = experiment_.spec.methods[method];
    Stage stage;
    stage.kind = StageKind::kUnlearn;
    stage.label = fmt::format("{}, audit {}", row.name, audit);
    stage.inputs = {audits_[audit]};
    if (sweep) stage.inputs.push_back(*sweep);
    stage.method = method;
    stage.audit = static_cast<std::int64_t>(audit);
    stage.description = method_description(row);
    stage.description["audit"] = audit;
    stage.cost = estimated_cost(*row.unlearner);
    return add(std::move(stage));
  }

  std::size_t relearn_stage(std::size_t model) {
    if (const auto found = relearnings_.find(model); found != relearnings_.end()) {
      return found->second;
    }
    const RelearningSettings& settings = experiment_.spec.relearning;
    Stage stage;
    stage.kind = StageKind::kRelearn;
    stage.label = "relearning of " + plan_.stages[model].label;
    stage.inputs = {model};
    stage.description = training_description();
    stage.description["edit"] = experiment_.edit_hash;
    stage.description["epochs"] = settings.epochs;
    stage.description["lr"] = settings.lr;
    stage.cost = static_cast<double>(experiment_.task.train.size() * settings.epochs);
    return relearnings_[model] = add(std::move(stage));
  }

  Json evaluation_description() const {
    return {{"measure", experiment_.spec.measure},
            {"edit", experiment_.edit_hash},
            {"metrics", kMetricsVersion}};
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

  std::size_t evaluate_stage(std::size_t model, std::int64_t seed,
                             const std::vector<std::size_t>& oracles,
                             const std::vector<std::size_t>& edited_shadows) {
    Stage stage;
    stage.kind = StageKind::kEvaluate;
    stage.label = "metrics of " + plan_.stages[model].label;
    add_member(stage, ModelRole::kModel, model, seed);
    if (needs_.relearning) {
      const auto number = static_cast<std::size_t>(seed) % originals_.size();
      add_member(stage, ModelRole::kOriginal, originals_[number],
                 static_cast<std::int64_t>(number));
    }
    add_members(stage, ModelRole::kOracle, oracles);
    add_members(stage, ModelRole::kInitial, initial_);
    add_members(stage, ModelRole::kShadow, shadows_);
    add_members(stage, ModelRole::kEditedShadow, edited_shadows);
    stage.description = evaluation_description();
    return add(std::move(stage));
  }

  const Experiment& experiment_;
  Plan plan_;
  std::vector<std::size_t> originals_, oracles_, initial_, shadows_, audits_;  // stages
  std::map<std::size_t, std::size_t> predictions_, relearnings_;               // of a model's stage
  MetricNeeds needs_;
  bool compares_ = false;  // metrics of all models of a row together
};

}  // namespace

Plan make_plan(const Experiment& experiment, const Registry<Metric>& metrics) {
  return Planner(experiment, metrics).run();
}

}  // namespace oubli
