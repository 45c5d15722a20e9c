// Makes the plan of an experiment.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>

#include "core/base/hash.h"
#include "experiments/engine/plan/plan.h"
#include "experiments/engine/plan/stage_list.h"
#include "experiments/engine/plan/training_sets.h"

namespace oubli {
namespace {

// A metric that compares with an untrained model takes the mean over these.
constexpr std::int64_t kInitialModels = 3;
// Where the oracles are divided between a sweep and its judgement, each has as many or more: the
// fewest that distances to oracles can be tested with.
constexpr std::size_t kOraclesOfAHalf = 3;

using Numbers = std::vector<std::size_t>;  // of stages
using Group = std::shared_ptr<const MemberGroup>;

class Planner {
 public:
  Planner(const Experiment& experiment, const Registry<Metric>& metrics)
      : experiment_(experiment), metrics_(metrics) {
    for (const std::string& name : experiment.spec.measure) {
      const Metric& metric = metrics.find(name);
      needs_.initial_models |= metric.needs.initial_models;
      needs_.shadows |= metric.needs.shadows;
      needs_.edited_shadows |= metric.needs.edited_shadows;
      needs_.relearning |= metric.needs.relearning;
      compares_ |= metric.compute_population != nullptr;
    }
    for (const MethodRow& row : experiment.spec.methods) {
      if (!row.sweep) continue;
      needs_.initial_models |= metrics.find(row.sweep->metric).needs.initial_models;
    }
    needs_.relearning &= !experiment.task.forget.empty();
    describe_what_stages_share();
  }

  Plan run() {
    const Spec& spec = experiment_.spec;
    for (std::int64_t j = 0; j < spec.seeds.oracle; ++j) {
      oracles_.push_back(training_stage(StageKind::kRetrain, j));
    }
    Numbers initial, shadows;
    for (std::int64_t k = 0; needs_.initial_models && k < kInitialModels; ++k) {
      initial.push_back(initial_stage(k));
    }
    if (needs_.shadows) shadows = models_of_attacker(StageKind::kShadow);
    if (needs_.edited_shadows) audits_ = models_of_attacker(StageKind::kAudit);
    for (std::int64_t s = 0; s < spec.seeds.training; ++s) {
      originals_.push_back(training_stage(StageKind::kTrain, s));
    }
    initial_ = group(initial, false);
    shadows_ = group(shadows, false);
    judges_ = group(oracles_, needs_.relearning);
    divide_oracles();
    plan_original();
    for (std::size_t m = 0; m < spec.methods.size(); ++m) plan_method(m);
    plan_noise_floors();
    Plan plan = stages_.take();
    plan.rows = std::move(rows_);
    return plan;
  }

 private:
  void describe_what_stages_share() {
    const Spec& spec = experiment_.spec;
    training_ = std::make_shared<const Json>(Json{{"data", experiment_.data_hash},
                                                  {"model", spec.model_settings()},
                                                  {"network", experiment_.network_hash},
                                                  {"train", spec.train_settings()},
                                                  {"threads", spec.threads}});
    const Json looking = {{"data", experiment_.data_hash},
                          {"edit", experiment_.edit_hash},
                          {"loss", spec.train_settings().at("loss")},
                          {"threads", spec.threads}};
    prediction_ = std::make_shared<const Json>(looking);
    Json evaluation = looking;
    for (const std::string& name : spec.measure) {
      evaluation["metrics"].push_back(metric_description(name));
    }
    evaluation_ = std::make_shared<const Json>(std::move(evaluation));
    for (const MethodRow& row : spec.methods) {
      Json method = *training_;
      method["edit"] = experiment_.edit_hash;
      method["method"] = row.method;
      method["version"] = row.info.version;
      method["settings"] = row.settings;
      method["settings"].erase("as");  // its name does not change what is computed
      methods_.push_back(std::make_shared<const Json>(std::move(method)));
    }
  }

  Json metric_description(const std::string& name) const {
    return {name, metrics_.find(name).version};
  }

  Numbers models_of_attacker(StageKind kind) {
    Numbers models;
    for (std::int64_t k = 0; k < experiment_.spec.seeds.shadow; ++k) {
      models.push_back(training_stage(kind, k));
    }
    return models;
  }

  // Where a sweep has oracles to choose by that do not judge what it chose.
  void divide_oracles() {
    const std::size_t half = oracles_.size() / 2;
    choosers_ = sweep_judges_ = oracles_;
    if (half < kOraclesOfAHalf) return;
    const auto middle = oracles_.begin() + static_cast<std::ptrdiff_t>(half);
    choosers_ = {oracles_.begin(), middle};
    sweep_judges_ = {middle, oracles_.end()};
  }

  // Doing nothing; an attacker's models are then not edited either.
  void plan_original() {
    PlannedRow row{"original"};
    const Group edited = group(audits_, false);
    for (std::size_t s = 0; s < originals_.size(); ++s) {
      const auto seed = static_cast<std::int64_t>(s);
      row.models.push_back(
          {seed, 0, originals_[s], evaluate_stage(originals_[s], seed, {judges_}, edited)});
    }
    row.compare = compare_stage(row);
    rows_.push_back(std::move(row));
  }

  void plan_method(std::size_t m) {
    PlannedRow row{experiment_.spec.methods[m].name};
    const std::optional<std::size_t> sweep = sweep_stage(m);
    StageMembers judges{judges_};
    if (sweep && experiment_.spec.methods[m].sweep->reads_oracles) {
      row.is_chosen_by_judges = choosers_ == oracles_;
      if (!row.is_chosen_by_judges) {
        row.noise_floor = kSweptNoiseFloor;
        judges = {group(sweep_judges_, needs_.relearning)};
      }
    }
    Numbers edited_audits;
    for (std::size_t k = 0; k < audits_.size(); ++k) {
      edited_audits.push_back(audit_stage(m, k, sweep));
    }
    const Group edited = group(edited_audits, false);
    for (std::size_t s = 0; s < originals_.size(); ++s) {
      for (std::int64_t u = 0; u < experiment_.spec.seeds.unlearning; ++u) {
        const auto seed = static_cast<std::int64_t>(s);
        const std::size_t model = unlearn_stage(m, originals_[s], sweep, seed, u);
        row.models.push_back({seed, u, model, evaluate_stage(model, seed, judges, edited)});
      }
    }
    row.compare = compare_stage(row);
    rows_.push_back(std::move(row));
  }

  void plan_noise_floors() {
    PlannedRow all = noise_floor(kNoiseFloor, oracles_, 0);
    all.compare = compare_stage(all);
    const std::optional<std::size_t> compare = all.compare;
    rows_.push_back(std::move(all));
    const auto is_judged_apart = [](const PlannedRow& row) {
      return row.noise_floor == kSweptNoiseFloor;
    };
    if (std::any_of(rows_.begin(), rows_.end(), is_judged_apart)) {
      PlannedRow apart = noise_floor(kSweptNoiseFloor, sweep_judges_, choosers_.size());
      apart.compare = compare;
      rows_.push_back(std::move(apart));
    }
  }

  // Each of these oracles against the others of them; the first has the seed `first`. For U-LiRA
  // the attacker's models are retrained ones too: the method whose traces it looks for is
  // retraining.
  PlannedRow noise_floor(const char* name, const Numbers& oracles, std::size_t first) {
    PlannedRow row{name};
    row.noise_floor = name;
    if (oracles.size() < 2) return row;
    Numbers retrained;
    for (std::size_t k = 0; k < audits_.size(); ++k) {
      const auto seed = static_cast<std::int64_t>(oracles_.size() + k);
      retrained.push_back(training_stage(StageKind::kRetrain, seed));
    }
    const Group edited = group(retrained, false), all = group(oracles, needs_.relearning);
    for (std::size_t j = 0; j < oracles.size(); ++j) {
      const auto seed = static_cast<std::int64_t>(first + j);
      row.models.push_back(
          {seed, 0, oracles[j], evaluate_stage(oracles[j], seed, {all, j}, edited)});
    }
    return row;
  }

  // One model of each training seed (runs on one original are alike), against half of the oracles;
  // the noise floor is of the other half, as many as originals. Absent where no metric looks at all
  // models together, or there is only one.
  std::optional<std::size_t> compare_stage(const PlannedRow& row) {
    const std::size_t half = oracles_.size() / 2;
    Stage stage;
    stage.kind = StageKind::kCompare;
    stage.label = "metrics of all models of " + row.name;
    std::vector<StageMember> models;
    for (const PlannedModel& model : row.models) {
      if (model.unlearning_seed > 0) continue;
      if (row.name == kNoiseFloor && models.size() == std::min(half, originals_.size())) break;
      models.push_back(member(model.model, model.training_seed, false));
    }
    if (!compares_ || models.size() < 2 || oracles_.size() - half < 2) return std::nullopt;
    const auto middle = oracles_.begin() + static_cast<std::ptrdiff_t>(half);
    stage.members[ModelRole::kModel] = {stages_.group(std::move(models))};
    stage.members[ModelRole::kOracle] = {group({middle, oracles_.end()}, false)};
    stage.members[ModelRole::kControlOracle] = {group({oracles_.begin(), middle}, false)};
    stage.shared_description = evaluation_;
    return stages_.add(std::move(stage));
  }

  std::size_t training_stage(StageKind kind, std::int64_t seed) {
    Stage stage;
    stage.kind = kind;
    stage.label = fmt::format("{} {}", model_name(kind), seed);
    stage.seed = seed;
    stage.training_seed = seed;
    stage.shared_description = training_;
    const auto [rows, size] = training_rows(kind, seed);
    stage.description = {{"rows", rows}, {"seed", seed}};
    const TrainingRecipe& recipe = experiment_.spec.recipe;
    stage.cost = static_cast<double>(size) *
                 static_cast<double>(recipe.optimizer.is_full_batch() ? 100 : recipe.epochs);
    return stages_.add(std::move(stage));
  }

  // The hash and the number of the rows that a model is trained on: the same for all originals, and
  // for all oracles.
  std::pair<std::string, std::int64_t> training_rows(StageKind kind, std::int64_t seed) {
    const bool is_alike = kind == StageKind::kTrain || kind == StageKind::kRetrain;
    if (const auto found = alike_rows_.find(kind); found != alike_rows_.end()) return found->second;
    const Subset subset = training_set(experiment_, kind, seed);
    Hasher rows;
    rows.add(subset.rows);
    const std::pair<std::string, std::int64_t> result = {rows.hex(), subset.size()};
    if (is_alike) alike_rows_[kind] = result;
    return result;
  }

  std::size_t initial_stage(std::int64_t seed) {
    Stage stage;
    stage.kind = StageKind::kInitial;
    stage.label = fmt::format("{} {}", model_name(stage.kind), seed);
    stage.seed = seed;
    stage.description = {{"data", experiment_.data_hash},
                         {"model", experiment_.spec.model_settings()},
                         {"network", experiment_.network_hash},
                         {"threads", experiment_.spec.threads},
                         {"seed", seed}};
    return stages_.add(std::move(stage));
  }

  // None for a method whose settings are given.
  std::optional<std::size_t> sweep_stage(std::size_t method) {
    const MethodRow& row = experiment_.spec.methods[method];
    if (!row.sweep) return std::nullopt;
    Stage stage;
    stage.kind = StageKind::kSweep;
    stage.label = fmt::format("trials of {}", row.name);
    stage.method = method;
    stage.inputs = {originals_.front()};
    stage.members[ModelRole::kOracle] = {group(choosers_, false)};
    stage.members[ModelRole::kInitial] = {initial_};
    stage.shared_description = methods_[method];
    stage.description = {{"metric", metric_description(row.sweep->metric)}};
    for (const Trial& trial : row.sweep->trials) {
      stage.cost += estimated_cost(*trial.unlearner);
      if (row.sweep->sample_gradients > 0 && stage.cost >= row.sweep->sample_gradients) break;
    }
    return stages_.add(std::move(stage));
  }

  double estimated_cost(const Unlearner& unlearner) const {
    return unlearner.estimate_cost(experiment_.task)
        .value_or(static_cast<double>(experiment_.task.retain.size()));
  }

  StageMember member(std::size_t model, std::int64_t seed, bool relearns) {
    StageMember member{model, predict_stage(model), {}, seed};
    if (relearns) member.relearning = relearn_stage(model);
    return member;
  }

  Group group(const Numbers& models, bool relearn) {
    std::vector<StageMember> members;
    for (std::size_t i = 0; i < models.size(); ++i) {
      members.push_back(member(models[i], static_cast<std::int64_t>(i), relearn));
    }
    return stages_.group(std::move(members));
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
    stage.shared_description = methods_[method];
    stage.description = {{"training_seed", training_seed}, {"seed", seed}};
    stage.cost = estimated_cost(*row.unlearner);
    return stages_.add(std::move(stage));
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
    stage.shared_description = methods_[method];
    stage.description = {{"audit", audit}};
    stage.cost = estimated_cost(*row.unlearner);
    return stages_.add(std::move(stage));
  }

  std::size_t relearn_stage(std::size_t model) {
    if (const auto found = relearnings_.find(model); found != relearnings_.end()) {
      return found->second;
    }
    const RelearningSettings& settings = experiment_.spec.relearning;
    Stage stage;
    stage.kind = StageKind::kRelearn;
    stage.label = "relearning of " + stages_[model].label;
    stage.inputs = {model};
    stage.shared_description = training_;
    stage.description = {
        {"edit", experiment_.edit_hash}, {"epochs", settings.epochs}, {"lr", settings.lr}};
    stage.cost = static_cast<double>(experiment_.task.train.size() * settings.epochs);
    return relearnings_[model] = stages_.add(std::move(stage));
  }

  std::size_t predict_stage(std::size_t model) {
    if (const auto found = predictions_.find(model); found != predictions_.end()) {
      return found->second;
    }
    Stage stage;
    stage.kind = StageKind::kPredict;
    stage.label = "predictions of " + stages_[model].label;
    stage.inputs = {model};
    stage.shared_description = prediction_;
    stage.cost = static_cast<double>(experiment_.dataset->size()) / 3;
    return predictions_[model] = stages_.add(std::move(stage));
  }

  std::size_t evaluate_stage(std::size_t model, std::int64_t seed, const StageMembers& oracles,
                             const Group& edited_shadows) {
    Stage stage;
    stage.kind = StageKind::kEvaluate;
    stage.label = "metrics of " + stages_[model].label;
    stage.members[ModelRole::kModel] = {stages_.group({member(model, seed, needs_.relearning)})};
    if (needs_.relearning) {
      const auto number = static_cast<std::size_t>(seed) % originals_.size();
      stage.members[ModelRole::kOriginal] = {
          stages_.group({member(originals_[number], static_cast<std::int64_t>(number), false)})};
    }
    stage.members[ModelRole::kOracle] = oracles;
    stage.members[ModelRole::kInitial] = {initial_};
    stage.members[ModelRole::kShadow] = {shadows_};
    stage.members[ModelRole::kEditedShadow] = {edited_shadows};
    stage.shared_description = evaluation_;
    return stages_.add(std::move(stage));
  }

  const Experiment& experiment_;
  const Registry<Metric>& metrics_;
  std::vector<PlannedRow> rows_;
  StageList stages_;
  std::shared_ptr<const Json> training_, prediction_, evaluation_;  // shared descriptions
  std::vector<std::shared_ptr<const Json>> methods_;
  std::map<StageKind, std::pair<std::string, std::int64_t>> alike_rows_;
  Numbers originals_, oracles_, audits_;
  Numbers choosers_, sweep_judges_;                               // oracles
  Group initial_, shadows_, judges_;                              // `judges_`: all oracles
  std::map<std::size_t, std::size_t> predictions_, relearnings_;  // of a model's stage
  MetricNeeds needs_;
  bool compares_ = false;  // metrics of all models of a row together
};

}  // namespace

Plan make_plan(const Experiment& experiment, const Registry<Metric>& metrics) {
  return Planner(experiment, metrics).run();
}

}  // namespace oubli
