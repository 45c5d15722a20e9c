#include "experiments/engine/stage_outputs.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <limits>

#include "core/nn/checkpoint.h"
#include "experiments/engine/training_sets.h"

namespace oubli {
namespace {

const Tensor& named(const TensorFile& file, const std::string& name) {
  for (const auto& [other, tensor] : file.tensors) {
    if (other == name) return tensor;
  }
  throw Error(ErrorKind::kStore, fmt::format("stored predictions lack '{}'", name));
}

// A curve that ended in a loss that is not finite has null there.
std::vector<double> numbers(const Json& list) {
  std::vector<double> values;
  for (const Json& value : list) {
    values.push_back(value.is_number() ? value.get<double>()
                                       : std::numeric_limits<double>::quiet_NaN());
  }
  return values;
}

}  // namespace

void write_json(const std::filesystem::path& path, const Json& json) {
  write_file(path, json.dump(1) + "\n");
}

Json read_json(const std::filesystem::path& path) { return Json::parse(read_text_file(path)); }

Model stored_model(const Experiment& experiment, const Store& store, const Stage& stage) {
  Model model = experiment.make_model();
  load_weights(model, store.entry(stage.key) / kModelFile);
  return model;
}

bool StageOutputs::usable(const StageMember& member) const {
  return read_json(entry(member.predictions) / kReportFile).at("usable").get<bool>();
}

ModelOutcome StageOutputs::outcome(const StageMember& member) const {
  ModelOutcome outcome;
  outcome.predictions = predictions(member);
  outcome.theta = model(member.model).theta().to(at::kDouble);
  const Json report = read_json(entry(member.model) / kReportFile);
  outcome.sample_gradients = report.at("sample_gradients");
  outcome.seconds = report.at("seconds");
  if (member.relearning) {
    const Json curve = read_json(entry(*member.relearning) / kRelearningFile);
    outcome.relearning =
        Relearning{numbers(curve.at("forget_loss")), numbers(curve.at("forget_accuracy"))};
  }
  return outcome;
}

std::vector<ModelOutcome> StageOutputs::outcomes(const Stage& stage, ModelRole role) const {
  std::vector<ModelOutcome> all;
  for (const StageMember& member : stage.members_of(role)) all.push_back(outcome(member));
  return all;
}

std::vector<Shadow> StageOutputs::shadows(const Stage& stage, ModelRole role) const {
  std::vector<Shadow> all;
  for (const StageMember& member : stage.members_of(role)) {
    if (!usable(member)) continue;
    const Tensor chosen = role == ModelRole::kShadow
                              ? training_set(experiment_, StageKind::kShadow, member.seed).rows
                              : audit_rows(experiment_, member.seed);
    const Tensor flags = at::zeros({experiment_.dataset->size()}, at::kBool);
    all.push_back({flags.index_fill(0, chosen, true), predictions(member)});
  }
  return all;
}

Predictions StageOutputs::predictions(const Tensor& outputs, const Tensor& rows) const {
  return Predictions::at_rows(experiment_.dataset, experiment_.task.objective().loss_of_scores(),
                              outputs, rows);
}

Predictions StageOutputs::predictions(const StageMember& member) const {
  const TensorFile file = read_tensors(entry(member.predictions) / kPredictionsFile);
  return predictions(named(file, "outputs"), named(file, "rows"));
}

Evaluation StageOutputs::evaluation(std::vector<NamedRows> sets,
                                    const std::vector<ModelOutcome>& initial) const {
  Evaluation evaluation{.dataset = experiment_.dataset,
                        .sets = std::move(sets),
                        .parameters = experiment_.network.table->parameters()};
  evaluation.initial = pointers_to(initial);
  return evaluation;
}

}  // namespace oubli
