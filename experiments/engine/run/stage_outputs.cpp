#include "experiments/engine/run/stage_outputs.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "core/nn/tensor_file.h"
#include "experiments/engine/plan/training_sets.h"

namespace oubli {
namespace {

// Of a role's outputs: what is read again comes from the system's page cache as a rule.
constexpr std::uint64_t kMostHeld = std::uint64_t{256} << 20;

Tensor named(const TensorFile& file, const std::string& name) {
  const Tensor found = find_tensor(file.tensors, name);
  if (found.defined()) return found;
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

TensorFile StageOutputs::tensors(std::size_t stage, const std::string& file) const {
  const std::string& key = plan_.stages[stage].key;
  return parse_tensors(store_.read(key, file), (store_.entry(key) / file).string());
}

bool StageOutputs::usable(const StageMember& member) const {
  return json(member.predictions, kReportFile).at("usable").get<bool>();
}

TensorFile StageOutputs::read_predictions(std::size_t stage) const {
  TensorFile file = tensors(stage, kPredictionsFile);
  if (named(file, "rows").equal(rows_)) return file;
  const std::filesystem::path entry = store_.entry(plan_.stages[stage].key);
  throw Error(ErrorKind::kStore, fmt::format("{}: predictions of other rows than this "
                                             "experiment's",
                                             (entry / kPredictionsFile).string()));
}

Predictions StageOutputs::predictions_of(const StageMember& member, bool hold) const {
  const std::size_t stage = member.predictions;
  const TensorFile held = hold ? read_predictions(stage) : TensorFile{};
  const auto part = [&](const std::string& name) {
    if (hold) return DeferredTensor(named(held, name));
    return DeferredTensor([this, stage, name] { return named(read_predictions(stage), name); });
  };
  Predictions predictions(experiment_.dataset, experiment_.task.objective().loss_of_scores(),
                          part("outputs"), rows_);
  if (experiment_.dataset->is_sequence()) {
    predictions.set_tokens(part("token_losses"), part("said"), part("generated"));
  }
  return predictions;
}

namespace {

std::optional<Claim> claim_of(const Json& report) {
  const Json details = report.value("details", Json::object());
  if (!details.contains("certificate")) return std::nullopt;
  const Json& certificate = details.at("certificate");
  return Claim{certificate.at("epsilon").get<double>(), certificate.at("delta").get<double>()};
}

}  // namespace

ModelOutcome StageOutputs::outcome(const StageMember& member, bool hold_outputs) const {
  ModelOutcome outcome;
  outcome.predictions = predictions_of(member, hold_outputs);
  outcome.theta =
      DeferredTensor([this, stage = member.model] { return model(stage).theta().to(at::kDouble); });
  const Json report = json(member.model, kReportFile);
  outcome.sample_gradients = report.at("sample_gradients");
  outcome.seconds = report.at("seconds");
  for (const Json& request : report.value("requests", Json::array())) {
    outcome.requests.push_back({request.at("sample_gradients").get<double>(),
                                request.at("seconds").get<double>(),
                                request.value("retrained", false)});
    if (request.contains("budget_left")) {
      outcome.requests.back().budget_left = request.at("budget_left").get<double>();
    }
  }
  outcome.claim = claim_of(report);
  if (member.relearning) {
    const Json curve = json(*member.relearning, kRelearningFile);
    outcome.relearning =
        Relearning{numbers(curve.at("forget_loss")), numbers(curve.at("forget_accuracy"))};
  }
  if (member.rtt) {
    const Json curve = json(*member.rtt, kRttFile);
    outcome.rtt = RttCurve{numbers(curve.at("recall")), numbers(curve.at("loss")),
                           numbers(curve.at("taught_recall"))};
  }
  return outcome;
}

std::vector<ModelOutcome> StageOutputs::outcomes(const Stage& stage, ModelRole role) const {
  const std::vector<StageMember> members = stage.members_of(role);
  std::uint64_t bytes = 0;
  for (const StageMember& member : members) {
    bytes += store_.bytes(plan_.stages[member.predictions].key, kPredictionsFile);
  }
  const bool hold = bytes <= std::min(kMostHeld, static_cast<std::uint64_t>(memory_) / 4);
  std::vector<ModelOutcome> all;
  all.reserve(members.size());
  for (const StageMember& member : members) all.push_back(outcome(member, hold));
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
    all.push_back({flags.index_fill(0, chosen, true),
                   predictions_of(member, /*hold=*/true).scaled_confidence()});
  }
  return all;
}

Predictions StageOutputs::predictions(const ModelOutputs& outputs, const Tensor& rows) const {
  return Predictions(experiment_.dataset, experiment_.task.objective().loss_of_scores(), outputs,
                     rows);
}

Evaluation StageOutputs::evaluation(std::vector<NamedRows> sets,
                                    const std::vector<ModelOutcome>& initial,
                                    std::size_t variant) const {
  Evaluation evaluation{.dataset = experiment_.dataset,
                        .sets = std::move(sets),
                        .parameters = experiment_.networks.at(variant).table->parameters(),
                        .planted = experiment_.planted.aims};
  evaluation.initial = pointers_to(initial);
  return evaluation;
}

}  // namespace oubli
