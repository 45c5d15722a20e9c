// `oubli apply FILE --method ROW --output DIR`: edits a model, and writes the edited weights with a
// record of what was done. A given model is edited without any training but the method's own; one
// that oubli trains, as methods with a guarantee or a memory need, is trained where it is not in
// the store. Where DIR holds the record of an earlier edit, this one must go on from it.
#include <ATen/Parallel.h>
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <memory>
#include <optional>
#include <sstream>

#include "core/base/text.h"
#include "experiments/engine/commands/command.h"
#include "experiments/engine/commands/experiment_options.h"
#include "experiments/engine/plan/load.h"
#include "experiments/engine/report/earlier_record.h"
#include "experiments/engine/report/edit_record.h"
#include "experiments/engine/report/edit_record_text.h"
#include "experiments/engine/report/layout.h"
#include "experiments/engine/report/record_check.h"
#include "experiments/engine/run/jobs.h"
#include "experiments/engine/run/run_stage.h"
#include "experiments/engine/run/stage_files.h"
#include "experiments/engine/terminal.h"

namespace oubli {
namespace {

struct ApplyOptions : ExperimentOptions {
  std::string method, output, record;
  bool replaces = false;
};

const MethodRow& row_called(const Experiment& experiment, const std::string& name) {
  std::vector<std::string> names;
  for (const MethodRow& row : experiment.spec.methods) names.push_back(row.name);
  const auto found = std::find(names.begin(), names.end(), name);
  if (experiment.spec.attribution) {
    throw Error(ErrorKind::kSettings,
                "an experiment with 'attribution' edits nothing: `oubli run` makes its table.");
  }
  if (found == names.end()) {
    throw Error(ErrorKind::kSettings, "--method: " + unknown_name_message("row", name, names));
  }
  return experiment.spec.methods[static_cast<std::size_t>(found - names.begin())];
}

// What an edit without oracles needs.
void require_applicable(const Experiment& experiment, const MethodRow& row) {
  if (experiment.spec.originals && experiment.spec.originals->files.size() > 1) {
    fail_at(experiment.spec.originals->origin,
            "`apply` edits one model, and 'weights' names several: `--set original.weights=FILE` "
            "chooses one.");
  }
  require_given_training(experiment.spec, row);
  if (row.sweep) {
    fail_at(row.origin,
            fmt::format("the settings of '{}' are chosen by trials, which are judged by retrained "
                        "models. `oubli run` chooses them; write those that it names here.",
                        row.name));
  }
}

// Stages of the plan: the original, and all that the edit takes, in their order.
struct EditStages {
  std::size_t original = 0;
  std::vector<std::size_t> all;  // the row's answer to the last request at the end
};

// The first original's.
EditStages stages_of_edit(const Plan& plan, const std::string& name) {
  std::optional<std::size_t> last;
  for (const PlannedRow& row : plan.rows) {
    if (row.name != name) continue;
    for (const PlannedModel& model : row.models) {
      if (model.training_seed == 0 && model.unlearning_seed == 0) last = model.model;
    }
  }
  if (!last) throw Error(ErrorKind::kUsage, "a plan without an edit of a model");
  EditStages edit;
  edit.original = *last;
  while (plan.stages[edit.original].kind == StageKind::kUnlearn) {
    edit.original = plan.stages[edit.original].inputs.front();
  }
  edit.all = plan.with_inputs({*last});
  return edit;
}

// Throws unless the method edited the model, for each request where there are several.
void require_edited(const MethodRow& row, const Json& report) {
  const std::string unchanged = to_string(UnlearnStatus::kUnchanged);
  const Json requests = report.value("requests", Json::array({report}));
  const bool is_edited = report.at("usable").get<bool>() &&
                         std::none_of(requests.begin(), requests.end(), [&](const Json& one) {
                           return one.at("status") == unchanged;
                         });
  if (is_edited) return;
  throw Error(ErrorKind::kNumerics, fmt::format("{}: {}: {}. Nothing was written.", row.name,
                                                report.at("status").get<std::string>(),
                                                report.at("message").get<std::string>()));
}

// Line by line.
void print_folded(const std::string& text) {
  std::istringstream lines(text);
  const std::size_t width = terminal_columns(stdout);
  for (std::string line; std::getline(lines, line);) {
    fmt::print("{}", line.size() <= width ? line + "\n" : wrapped(line, width));
  }
}

int apply_method(const ApplyOptions& options, const Registries& registries) {
  if (options.method.empty() || options.output.empty()) {
    throw Error(ErrorKind::kUsage, "`apply FILE` needs --method ROW and --output DIR.");
  }
  const Experiment experiment = load_experiment(options, registries);
  const MethodRow& row = row_called(experiment, options.method);
  require_applicable(experiment, row);
  const Plan plan = load_plan(experiment, registries);
  const std::filesystem::path store_folder = default_store(options.store);
  const ResultFolder output(options.output, store_folder);
  const Json earlier = earlier_record(output.path(), experiment, row, options.replaces);
  const Store store(store_folder);
  at::set_num_threads(static_cast<int>(experiment.spec.threads));
  const EditStages edit = stages_of_edit(plan, row.name);
  for (const std::size_t i : edit.all) {
    const Stage& stage = plan.stages[i];
    if (stage.kind == StageKind::kTrain &&
        store.check(stage.key, /*thorough=*/false).state != Store::State::kSound) {
      fmt::print(stderr, "oubli: training the model that is edited, as 'train' says ({})\n",
                 stage.label);
    }
    run_stage(experiment, plan, stage, registries, store, {.memory = memory_of_job(1)});
  }
  const Stage& last = plan.stages[edit.all.back()];
  const Json report = read_json(store, last.key, kReportFile);
  require_edited(row, report);
  const Model before = stored_model(experiment, store, plan.stages[edit.original]);
  const Model after = stored_model(experiment, store, last);
  const Json record = write_edit(output, experiment, {row, before, after, report, earlier});
  print_folded(progress_text(record, earlier));
  print_folded(summary_text(record));
  fmt::print("\nWeights and record (record.md) are in {}/\n", printable(output.path().string()));
  return 0;
}

// A folder stands for the record in it.
int verify_record(const ApplyOptions& options, const Registries& registries) {
  std::filesystem::path record = options.record;
  std::error_code failure;  // what cannot be looked at is told where it is read
  if (std::filesystem::is_directory(record, failure)) record /= kRecordJson;
  const auto load = [&](const std::filesystem::path& settings) {
    return load_experiment(settings, {}, options.data, registries);
  };
  bool all = true;
  const std::size_t width = terminal_columns(stdout);
  for (const RecordCheck& check : check_record(record, load)) {
    const bool is_same = check.state == RecordCheck::State::kSame;
    const char* word = is_same                                      ? "same"
                       : check.state == RecordCheck::State::kUnread ? "UNREAD"
                                                                    : "CHANGED";
    fmt::print("{}", hanging(word, 8, check.what + (is_same ? "" : ": " + check.problem), width));
    all = all && is_same;
  }
  print_folded(
      "When, cost, status, guarantee, and accuracy and loss before and after are the record's own "
      "word.\n");
  return all ? 0 : 1;
}

}  // namespace

void add_apply_command(CLI::App& program, CommandContext& context) {
  const auto options = std::make_shared<ApplyOptions>();
  CLI::App* apply =
      program.add_subcommand("apply", "edit a trained model, and record what was done");
  add_experiment_options(*apply, *options);
  apply->get_option("FILE")->required(false);
  apply->add_option("--method", options->method, "row of the file that edits it");
  apply->add_option("--output", options->output, "folder for the edited weights and the record");
  apply->add_flag("--replace", options->replaces,
                  "write over a record that this edit does not go on from");
  apply->add_option("--verify", options->record,
                    "hold a record, or that of a folder, against its files and data");
  apply->callback([options, &context] {
    context.status = options->record.empty() ? apply_method(*options, context.registries)
                                             : verify_record(*options, context.registries);
  });
}

}  // namespace oubli
