#include "experiments/engine/plan/stage_maker.h"

#include <fmt/format.h>

#include "core/base/hash.h"
#include "experiments/engine/plan/training_sets.h"

namespace oubli {
namespace {

// What does not come from oubli itself is known by the file that it comes from.
void add_file_hash(const std::string& hash, const char* key, Json& description) {
  if (!hash.empty()) description[key] = hash;
}

// Of a method that is made of others; of each trial where a sweep chooses.
Json parts_of_row(const MethodRow& row) {
  if (!row.sweep) return row.unlearner->parts();
  Json parts;
  for (const Trial& trial : row.sweep->trials) {
    if (Json own = trial.unlearner->parts(); !own.is_null()) parts.push_back(std::move(own));
  }
  return parts;
}

Json description_of(const Metric& metric) {
  Json description = {metric.name, metric.version};
  if (!metric.file_hash.empty()) description.push_back(metric.file_hash);
  return description;
}

Json description_of(const PlantedSets& planted) {
  Json description;
  for (const NamedRows& set : planted.sets) {
    Hasher rows;
    rows.add(set.rows);
    description[set.name] = rows.hex();
  }
  description["classes"] = {planted.aims.target.value_or(-1), planted.aims.favoured.value_or(-1)};
  return description;
}

}  // namespace

StageMaker::StageMaker(const Experiment& experiment, const Registry<Metric>& metrics)
    : experiment_(experiment) {
  describe_what_stages_share(metrics);
  if (experiment.spec.attribution && metrics.contains("lds")) {
    lds_version_ = metrics.find("lds").version;
  }
}

void StageMaker::describe_what_stages_share(const Registry<Metric>& metrics) {
  const Spec& spec = experiment_.spec;
  Json training = {{"data", experiment_.data_hash},
                   {"model", spec.model_settings()},
                   {"network", experiment_.network_hash},
                   {"train", spec.train_settings()},
                   {"threads", spec.threads}};
  add_file_hash(spec.model_file_hash, "model_file", training);
  for (const Variant& variant : spec.variants) {
    Json own = training;
    if (!variant.description.is_null()) own["plan"] = variant.description;
    trainings_.push_back(std::make_shared<const Json>(std::move(own)));
  }
  Json looking = {{"data", experiment_.data_hash},
                  {"edit", experiment_.edit_hash},
                  {"loss", spec.train_settings().at("loss")},
                  {"threads", spec.threads}};
  if (!experiment_.planted.sets.empty()) looking["planted"] = description_of(experiment_.planted);
  prediction_ = std::make_shared<const Json>(looking);
  Json evaluation = looking;
  for (const std::string& name : spec.measure) {
    evaluation["metrics"].push_back(description_of(metrics.find(name)));
  }
  for (const NamedRows& set : experiment_.named_sets) {
    Hasher rows;
    rows.add(set.rows);
    evaluation["sets"][set.name] = rows.hex();
  }
  evaluation_ = std::make_shared<const Json>(std::move(evaluation));
  for (const MethodRow& row : spec.methods) {
    Json method = *trainings_[row.variant];
    // A request has rows of its own, and is the same whatever requests come behind it.
    if (experiment_.requests.empty()) method["edit"] = experiment_.edit_hash;
    method["method"] = row.method;
    method["version"] = row.info.version;
    add_file_hash(row.info.file_hash, "method_file", method);
    if (Json parts = parts_of_row(row); !parts.is_null()) method["parts"] = std::move(parts);
    method["settings"] = row.settings;
    method["settings"].erase("as");  // its name does not change what is computed
    methods_.push_back(std::make_shared<const Json>(std::move(method)));
    objectives_.push_back(row.sweep ? description_of(metrics.find(row.sweep->metric)) : Json());
  }
}

std::size_t StageMaker::train(StageKind kind, std::int64_t seed, std::size_t variant) {
  Stage stage;
  stage.kind = kind;
  stage.variant = variant;
  stage.label =
      experiment_.spec.variants[variant].row(fmt::format("{} {}", model_name(kind), seed));
  stage.seed = seed;
  stage.training_seed = seed;
  stage.shared_description = trainings_[variant];
  const auto [rows, size] = training_rows(kind, seed);
  stage.description = {{"rows", rows}, {"seed", seed}};
  stage.cost = training_cost(experiment_.spec.variants[variant].plan.recipe, size);
  return stages_.add(std::move(stage));
}

// The hash and the number of the rows that a model is trained on: the same for all originals, and
// for all oracles.
std::pair<std::string, std::int64_t> StageMaker::training_rows(StageKind kind, std::int64_t seed) {
  const bool is_alike =
      kind == StageKind::kTrain || kind == StageKind::kRetrain || kind == StageKind::kTwin;
  if (const auto found = alike_rows_.find(kind); found != alike_rows_.end()) return found->second;
  const Subset subset = training_set(experiment_, kind, seed);
  Hasher rows;
  rows.add(subset.rows);
  if (!subset.empty() && subset.rows.max().item<std::int64_t>() >= experiment_.own_rows &&
      !experiment_.written_hash.empty()) {
    rows.add("/written/" + experiment_.written_hash);
  }
  const std::pair<std::string, std::int64_t> result = {rows.hex(), subset.size()};
  if (is_alike) alike_rows_[kind] = result;
  return result;
}

std::size_t StageMaker::import(std::int64_t number) {
  Stage stage;
  stage.kind = StageKind::kImport;
  stage.label = fmt::format("{} {}", model_name(stage.kind), number);
  stage.seed = number;
  stage.training_seed = number;
  const std::string& hash = experiment_.original_hashes.at(static_cast<std::size_t>(number));
  stage.description = {{"weights", hash},
                       {"rename", experiment_.spec.originals->form.rename},
                       {"model", experiment_.spec.model_settings()},
                       {"network", experiment_.network_hash},
                       {"seed", number}};
  if (!experiment_.spec.originals->form.transposed.empty()) {
    stage.description["transposed"] = experiment_.spec.originals->form.transposed;
  }
  add_file_hash(experiment_.spec.model_file_hash, "model_file", stage.description);
  return stages_.add(std::move(stage));
}

std::size_t StageMaker::initial(std::int64_t seed) {
  Stage stage;
  stage.kind = StageKind::kInitial;
  stage.label = fmt::format("{} {}", model_name(stage.kind), seed);
  stage.seed = seed;
  stage.description = {{"data", experiment_.data_hash},
                       {"model", experiment_.spec.model_settings()},
                       {"network", experiment_.network_hash},
                       {"threads", experiment_.spec.threads},
                       {"seed", seed}};
  add_file_hash(experiment_.spec.model_file_hash, "model_file", stage.description);
  return stages_.add(std::move(stage));
}

std::size_t StageMaker::relearn(std::size_t model) {
  if (const auto found = relearnings_.find(model); found != relearnings_.end()) {
    return found->second;
  }
  const RelearningSettings& settings = experiment_.spec.relearning;
  Stage stage;
  stage.kind = StageKind::kRelearn;
  stage.label = "relearning of " + stages_[model].label;
  stage.variant = stages_[model].variant;
  stage.inputs = {model};
  stage.shared_description = trainings_[stage.variant];
  stage.description = {
      {"edit", experiment_.edit_hash}, {"epochs", settings.epochs}, {"lr", settings.lr}};
  stage.cost = static_cast<double>(experiment_.task.train.size() * settings.epochs);
  return relearnings_[model] = stages_.add(std::move(stage));
}

std::size_t StageMaker::rtt(std::size_t model) {
  if (const auto found = rtts_.find(model); found != rtts_.end()) return found->second;
  const RttSettings& settings = experiment_.spec.rtt;
  Stage stage;
  stage.kind = StageKind::kRtt;
  stage.label = "teaching of " + stages_[model].label;
  stage.variant = stages_[model].variant;
  stage.inputs = {model};
  stage.shared_description = trainings_[stage.variant];
  stage.description = {{"edit", experiment_.edit_hash},
                       {"rtt", experiment_.spec.resolved.at("rtt")}};
  stage.cost = settings.part * static_cast<double>(experiment_.task.forget.size()) *
               static_cast<double>(settings.steps.epochs);
  return rtts_[model] = stages_.add(std::move(stage));
}

std::size_t StageMaker::predict(std::size_t model) {
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

std::size_t StageMaker::evaluate(std::size_t model, std::map<ModelRole, StageMembers> members) {
  Stage stage;
  stage.kind = StageKind::kEvaluate;
  stage.label = "metrics of " + stages_[model].label;
  stage.members = std::move(members);
  stage.shared_description = evaluation_;
  return stages_.add(std::move(stage));
}

std::size_t StageMaker::compare(const std::string& row, std::map<ModelRole, StageMembers> members) {
  Stage stage;
  stage.kind = StageKind::kCompare;
  stage.label = "metrics of all models of " + row;
  stage.members = std::move(members);
  stage.shared_description = evaluation_;
  return stages_.add(std::move(stage));
}

StageMember StageMaker::member(std::size_t model, std::int64_t seed, const TrainedOn& trained) {
  StageMember member{.model = model, .predictions = predict(model), .seed = seed};
  if (trained.relearning) member.relearning = relearn(model);
  if (trained.rtt) member.rtt = rtt(model);
  return member;
}

StageGroup StageMaker::group_of(const StageNumbers& models, const TrainedOn& trained) {
  std::vector<StageMember> members;
  for (std::size_t i = 0; i < models.size(); ++i) {
    members.push_back(member(models[i], static_cast<std::int64_t>(i), trained));
  }
  return stages_.group(std::move(members));
}

}  // namespace oubli
