// Makes the plan of an experiment: which models there are, and which is held against which.
#include <ATen/ATen.h>

#include <algorithm>
#include <map>
#include <optional>

#include "experiments/engine/plan/attribution_plan.h"
#include "experiments/engine/plan/plan.h"
#include "experiments/engine/plan/sequence_plan.h"
#include "experiments/engine/plan/stage_maker.h"

namespace oubli {
namespace {

// A metric that compares with an untrained model takes the mean over these.
constexpr std::int64_t kInitialModels = 3;
// Where the oracles are divided between a sweep and its judgement, each has as many or more: the
// fewest that distances to oracles can be tested with.
constexpr std::size_t kOraclesOfAHalf = 3;

// Two or more, so that some can be taught and others asked for.
bool forgets_facts(const Experiment& experiment) {
  const Dataset& data = *experiment.dataset;
  if (!data.is_sequence() || experiment.task.forget.empty()) return false;
  const Tensor facts = data.sequences.fact.index_select(0, experiment.task.forget.rows);
  return std::get<0>(at::_unique(facts.index({facts.ge(0)}))).numel() > 1;
}

class Planner {
 public:
  Planner(const Experiment& experiment, const Registry<Metric>& metrics)
      : experiment_(experiment), stages_(experiment, metrics) {
    for (const std::string& name : experiment.spec.measure) {
      const Metric& metric = metrics.find(name);
      needs_.initial_models |= metric.needs.initial_models;
      needs_.shadows |= metric.needs.shadows;
      needs_.edited_shadows |= metric.needs.edited_shadows;
      trained_.relearning |= metric.needs.relearning;
      trained_.rtt |= metric.needs.rtt;
      needs_.reference |= metric.needs.reference;
      needs_.twins |= metric.needs.twins;
      compares_ |= metric.compute_population != nullptr;
    }
    for (const MethodRow& row : experiment.spec.methods) {
      if (!row.sweep) continue;
      needs_.initial_models |= metrics.find(row.sweep->metric).needs.initial_models;
    }
    trained_.relearning &= !experiment.task.forget.empty();
    trained_.rtt &= forgets_facts(experiment);
  }

  Plan run() {
    StageNumbers initial;
    for (std::int64_t k = 0; needs_.initial_models && k < kInitialModels; ++k) {
      initial.push_back(stages_.initial(k));
    }
    initial_ = stages_.group_of(initial);
    for (std::size_t v = 0; v < experiment_.spec.variants.size(); ++v) {
      // What a given original was not trained for is refused where it is asked for.
      if (!experiment_.spec.originals || experiment_.spec.variants[v].name.empty()) plan_variant(v);
    }
    Plan plan = stages_.take();
    plan.rows = std::move(rows_);
    return plan;
  }

 private:
  // Rows whose models are trained alike, with originals and oracles of their own.
  void plan_variant(std::size_t variant) {
    const Spec& spec = experiment_.spec;
    variant_ = variant;
    oracles_ = models(StageKind::kRetrain, spec.seeds.oracle);
    const StageNumbers shadows =
        needs_.shadows ? models(StageKind::kShadow, spec.seeds.shadow) : StageNumbers();
    audits_ = needs_.edited_shadows ? models(StageKind::kAudit, spec.seeds.shadow) : StageNumbers();
    originals_ =
        spec.originals ? given_originals() : models(StageKind::kTrain, spec.seeds.training);
    shadows_ = stages_.group_of(shadows);
    judges_ = stages_.group_of(oracles_, trained_);
    divide_oracles();
    plan_original();
    for (std::size_t m = 0; m < spec.methods.size(); ++m) {
      if (spec.methods[m].variant == variant) plan_method(m);
    }
    plan_noise_floors();
  }

  StageNumbers models(StageKind kind, std::int64_t count) {
    StageNumbers models;
    for (std::int64_t k = 0; k < count; ++k) models.push_back(stages_.train(kind, k, variant_));
    return models;
  }

  StageNumbers given_originals() {
    StageNumbers models;
    for (std::int64_t k = 0; k < experiment_.spec.seeds.training; ++k) {
      models.push_back(stages_.import(k));
    }
    return models;
  }

  // A row that every variant has.
  std::string named(const char* row) const { return experiment_.spec.variants[variant_].row(row); }

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
    PlannedRow row{named(kOriginalRow)};
    row.noise_floor = named(kNoiseFloor);
    const StageGroup edited = stages_.group_of(audits_);
    for (std::size_t s = 0; s < originals_.size(); ++s) {
      const auto seed = static_cast<std::int64_t>(s);
      row.models.push_back(
          {seed, 0, originals_[s], evaluate(originals_[s], seed, {judges_}, edited)});
    }
    row.compare = compare(row);
    rows_.push_back(std::move(row));
  }

  void plan_method(std::size_t m) {
    PlannedRow row{experiment_.spec.methods[m].name};
    row.noise_floor = named(kNoiseFloor);
    const std::optional<std::size_t> sweep = sweep_of(m);
    StageMembers judges{judges_};
    if (sweep && experiment_.spec.methods[m].sweep->reads_oracles) {
      row.is_chosen_by_judges = choosers_ == oracles_;
      if (!row.is_chosen_by_judges) {
        row.noise_floor = named(kSweptNoiseFloor);
        judges = {stages_.group_of(sweep_judges_, trained_)};
      }
    }
    StageNumbers edited_audits;
    for (std::size_t k = 0; k < audits_.size(); ++k) {
      edited_audits.push_back(
          stages_.unlearn_audit(m, audits_[k], static_cast<std::int64_t>(k), sweep));
    }
    const StageGroup edited = stages_.group_of(edited_audits);
    for (std::size_t s = 0; s < originals_.size(); ++s) {
      for (std::int64_t u = 0; u < experiment_.spec.seeds.unlearning; ++u) {
        const auto seed = static_cast<std::int64_t>(s);
        const std::size_t model = stages_.unlearn(m, originals_[s], sweep, seed, u);
        row.models.push_back({seed, u, model, evaluate(model, seed, judges, edited)});
      }
    }
    row.compare = compare(row);
    rows_.push_back(std::move(row));
  }

  void plan_noise_floors() {
    PlannedRow all = noise_floor(named(kNoiseFloor), oracles_, 0);
    all.compare = compare(all);
    const std::optional<std::size_t> together = all.compare;
    rows_.push_back(std::move(all));
    const std::string swept = named(kSweptNoiseFloor);
    const auto is_judged_apart = [&](const PlannedRow& row) { return row.noise_floor == swept; };
    if (std::any_of(rows_.begin(), rows_.end(), is_judged_apart)) {
      PlannedRow apart = noise_floor(swept, sweep_judges_, choosers_.size());
      apart.compare = together;
      rows_.push_back(std::move(apart));
    }
  }

  // Each of these oracles against the others of them; the first has the seed `first`. For U-LiRA
  // the attacker's models are retrained ones too: the method whose traces it looks for is
  // retraining.
  PlannedRow noise_floor(const std::string& name, const StageNumbers& oracles, std::size_t first) {
    PlannedRow row{name};
    row.noise_floor = name;
    if (oracles.size() < 2) return row;
    StageNumbers retrained;
    for (std::size_t k = 0; k < audits_.size(); ++k) {
      const auto seed = static_cast<std::int64_t>(oracles_.size() + k);
      retrained.push_back(stages_.train(StageKind::kRetrain, seed, variant_));
    }
    const StageGroup edited = stages_.group_of(retrained),
                     all = stages_.group_of(oracles, trained_);
    for (std::size_t j = 0; j < oracles.size(); ++j) {
      const auto seed = static_cast<std::int64_t>(first + j);
      row.models.push_back(
          {seed, 0, oracles[j], evaluate(oracles[j], seed, {all, j}, edited, /*is_oracle=*/true)});
    }
    return row;
  }

  // One model of each training seed (runs on one original are alike), against half of the oracles;
  // the noise floor is of the other half, as many as originals. Absent where no metric looks at all
  // models together, or there is only one.
  std::optional<std::size_t> compare(const PlannedRow& row) {
    const std::size_t half = oracles_.size() / 2;
    std::vector<StageMember> models;
    for (const PlannedModel& model : row.models) {
      if (model.unlearning_seed > 0) continue;
      if (is_noise_floor_row(row.name) && models.size() == std::min(half, originals_.size())) break;
      models.push_back(stages_.member(model.model, model.training_seed));
    }
    if (!compares_ || models.size() < 2 || oracles_.size() - half < 2) return std::nullopt;
    const auto middle = oracles_.begin() + static_cast<std::ptrdiff_t>(half);
    std::map<ModelRole, StageMembers> members;
    members[ModelRole::kModel] = {stages_.group(std::move(models))};
    members[ModelRole::kOracle] = {stages_.group_of({middle, oracles_.end()})};
    members[ModelRole::kControlOracle] = {stages_.group_of({oracles_.begin(), middle})};
    return stages_.compare(row.name, std::move(members));
  }

  // None for a method whose settings are given.
  std::optional<std::size_t> sweep_of(std::size_t method) {
    if (!experiment_.spec.methods[method].sweep) return std::nullopt;
    std::map<ModelRole, StageMembers> members;
    members[ModelRole::kOracle] = {stages_.group_of(choosers_)};
    members[ModelRole::kInitial] = {initial_};
    return stages_.sweep(method, originals_.front(), std::move(members));
  }

  // The model of the row that others are held against, whatever the variant that is planned.
  std::size_t reference(std::int64_t seed) {
    const std::size_t row = *experiment_.spec.reference;
    const std::size_t original =
        experiment_.spec.originals
            ? stages_.import(seed)
            : stages_.train(StageKind::kTrain, seed, experiment_.spec.methods[row].variant);
    return stages_.unlearn(row, original, std::nullopt, seed, 0);
  }

  std::size_t evaluate(std::size_t model, std::int64_t seed, const StageMembers& oracles,
                       const StageGroup& edited_shadows, bool is_oracle = false) {
    std::map<ModelRole, StageMembers> members;
    members[ModelRole::kModel] = {stages_.group({stages_.member(model, seed, trained_)})};
    if (trained_.relearning || needs_.reference) {
      const auto number = static_cast<std::size_t>(seed) % originals_.size();
      members[ModelRole::kOriginal] = {
          stages_.group({stages_.member(originals_[number], static_cast<std::int64_t>(number))})};
    }
    if (needs_.reference && !is_oracle) {
      members[ModelRole::kReference] = {stages_.group({stages_.member(reference(seed), seed)})};
    }
    if (needs_.twins && !is_oracle && !experiment_.spec.originals) {
      const std::size_t twin = stages_.train(StageKind::kTwin, seed, variant_);
      members[ModelRole::kTwin] = {stages_.group({stages_.member(twin, seed)})};
    }
    members[ModelRole::kOracle] = oracles;
    members[ModelRole::kInitial] = {initial_};
    members[ModelRole::kShadow] = {shadows_};
    members[ModelRole::kEditedShadow] = {edited_shadows};
    return stages_.evaluate(model, std::move(members));
  }

  const Experiment& experiment_;
  std::vector<PlannedRow> rows_;
  StageMaker stages_;
  // Of the variant that is planned.
  std::size_t variant_ = 0;
  StageNumbers originals_, oracles_, audits_;
  StageNumbers choosers_, sweep_judges_;  // oracles
  StageGroup shadows_, judges_;           // `judges_`: all oracles
  StageGroup initial_;                    // of all variants
  MetricNeeds needs_;
  TrainedOn trained_;      // what metrics need of it
  bool compares_ = false;  // metrics of all models of a row together
};

}  // namespace

Plan make_plan(const Experiment& experiment, const Registry<Metric>& metrics) {
  if (experiment.spec.attribution) return attribution_plan(experiment, metrics);
  if (experiment.checkpoints.empty()) return Planner(experiment, metrics).run();
  require_plannable_sequence(experiment, metrics);
  Plan whole;
  for (std::size_t c = 0; c < experiment.checkpoints.size(); ++c) {
    join_plan(whole, Planner(*experiment.checkpoints[c], metrics).run(), c);
  }
  return whole;
}

}  // namespace oubli
