// Runs a method on an original, or on a model that an attacker trained.
#include <fmt/format.h>

#include <memory>

#include "core/nn/checkpoint.h"
#include "experiments/engine/plan/training_sets.h"
#include "experiments/engine/run/stages/stage_type.h"

namespace oubli {
namespace {

// What came before a request: the reports of the requests before it, and what the method remembers.
struct Before {
  Json report;  // of the last of them; null at the first
  MethodStatePtr state;
  bool usable() const { return report.is_null() || report.at("usable").get<bool>(); }
};

Before before(const StageRun& run) {
  const Stage& input = run.plan.stages[run.stage.inputs.front()];
  if (input.kind != StageKind::kUnlearn) return {};
  return {run.input_report(0), run.outputs.state(run.stage.inputs.front())};
}

// The model that the first request was of.
std::size_t original_of(const StageRun& run) {
  std::size_t stage = run.stage.inputs.front();
  while (run.plan.stages[stage].kind == StageKind::kUnlearn) {
    stage = run.plan.stages[stage].inputs.front();
  }
  return stage;
}

// Counts what the requests before this one took, and says which of them had trouble.
void add_requests_before(const Json& report_before, std::size_t number, Json& json) {
  Json own = {{"status", json.at("status")},
              {"message", json.at("message")},
              {"sample_gradients", json.at("sample_gradients")},
              {"seconds", json.at("seconds")}};
  for (const char* detail : {"retrained", "budget_left"}) {
    if (json.at("details").contains(detail)) own[detail] = json.at("details").at(detail);
  }
  Json requests = Json::array();
  std::string trouble;
  if (!report_before.is_null()) {
    requests = report_before.at("requests");
    for (const char* cost : {"sample_gradients", "seconds"}) {
      json[cost] = json.at(cost).get<double>() + report_before.at(cost).get<double>();
    }
    trouble = report_before.value("trouble", "");
  }
  const std::string status = own.at("status").get<std::string>();
  if (trouble.empty() && status != "completed" && status != "converged") {
    trouble =
        fmt::format("request {}: {}: {}", number + 1, status, own.at("message").get<std::string>());
  }
  requests.push_back(std::move(own));
  json["requests"] = std::move(requests);
  if (trouble.empty()) return;
  json["trouble"] = trouble;
  json["message"] = trouble;
  if (json.at("usable").get<bool>()) json["status"] = "partial";
}

// A request whose model an earlier one left unusable, diverged or refused, as the row then is.
void write_unusable(const StageRun& run, Json report) {
  report["usable"] = false;
  write_json(run.folder / kReportFile, report);
}

void run_unlearning(const StageRun& run) {
  const MethodRow& row = run.method();
  const Before so_far = run.stage.request ? before(run) : Before();
  if (!so_far.usable()) return write_unusable(run, so_far.report);
  Context context = run.context();
  Model model = run.input_model(0);
  Json sweep;
  std::shared_ptr<const Unlearner> unlearner = row.unlearner;
  if (row.sweep) {
    sweep = run.input_report(1);
    unlearner = row.sweep->trials.at(sweep.at("chosen").get<std::size_t>()).unlearner;
  }
  Task task = task_of(run.experiment, run.stage);
  task.state = so_far.state;
  task.record = [&run] { return run.outputs.state(original_of(run), kRecordFile); };
  const UnlearnReport report = run_unlearner(row.info, *unlearner, model, task, context);
  Json json = report.to_json();
  json["usable"] = report.usable();
  if (report.state) json["state"] = {{"sha256", checksum(*report.state)}};
  if (row.sweep) {
    // What was spent to find the settings is part of what the method costs.
    for (const char* cost : {"sample_gradients", "seconds"}) {
      json[cost] = json.at(cost).get<double>() + sweep.at(cost).get<double>();
    }
    json["sweep"] = sweep;
  }
  const bool asks_for_nothing = task.forget.empty() && task.added.empty();
  if (run.stage.request && asks_for_nothing && report.status == UnlearnStatus::kUnchanged) {
    json["status"] = to_string(UnlearnStatus::kCompleted);
    json["message"] = "nothing that is left was asked for";
  }
  if (run.stage.request) add_requests_before(so_far.report, *run.stage.request, json);
  write_json(run.folder / kReportFile, json);
  if (!report.usable()) return;
  save_model(model, run.folder / kModelFile);
  write_state(run.folder / kStateFile, report.state);
}

std::string stream_of_unlearning(const Stage& stage) {
  if (stage.audit) return fmt::format("unlearning, audit {}", *stage.audit);
  const std::string stream = fmt::format("unlearning, original {}", stage.training_seed);
  return stage.request ? fmt::format("{}, request {}", stream, *stage.request + 1) : stream;
}

}  // namespace

StageType unlearn_stage() { return {stream_of_unlearning, run_unlearning}; }

}  // namespace oubli
