#include "experiments/engine/report/output.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <iterator>
#include <map>
#include <set>

#include "core/base/file.h"
#include "core/base/settings_file.h"
#include "core/nn/tensor_file.h"
#include "datasets/row_file.h"
#include "experiments/engine/environment.h"
#include "experiments/engine/plan/training_sets.h"
#include "experiments/engine/report/formats/formats.h"
#include "experiments/engine/report/formats/markup.h"
#include "experiments/engine/report/kept_models.h"
#include "experiments/engine/report/page/page.h"
#include "experiments/engine/run/stage_files.h"

namespace oubli {
namespace {

namespace fs = std::filesystem;

// The build and the machine of now, and those that the stages were made on.
Json environment(const Experiment& experiment, const Results& results) {
  Json json = build_record();
  json.update(hardware_record());
  json["threads_per_stage"] = experiment.spec.threads;
  json["machine"] = machine_record();
  json["machine"].erase("threads");  // this process's own; stages have threads_per_stage
  json["stages_made_on"] = results.machines;
  return json;
}

// Which set each example is in and what it was labelled: row,set,label,true_label, one line an
// example of any set, the last column where labels were corrupted. Labels of a regression are in
// the data set itself, unchanged. Of sentences the label is the number of the token that the answer
// begins with, and all that is known of a sentence stands behind it: subject, relation, object, ...
std::string rows_table(const Experiment& experiment) {
  const Dataset& data = *experiment.dataset;
  const bool has_labels = data.is_classification(), is_corrupted = data.true_targets.defined();
  std::map<std::int64_t, std::string> set_of_row;
  for (const NamedRows& set : experiment.metric_sets()) {
    const Tensor rows = set.rows.contiguous();
    for (std::int64_t i = 0; i < rows.numel(); ++i) {
      // Of test examples that are in a set of another name too, this one.
      set_of_row.emplace(rows.const_data_ptr<std::int64_t>()[i], set.name);
    }
  }
  std::string text = "row,set";
  if (has_labels) text += ",label";
  if (is_corrupted) text += ",true_label";
  std::vector<const RowColumn*> said;  // of a sentence
  if (data.is_sequence()) {
    for (const auto& [name, column] : data.columns) {
      fmt::format_to(std::back_inserter(text), ",{}", csv_text(name));
      said.push_back(&column);
    }
  }
  text += "\n";
  for (const auto& [row, set] : set_of_row) {
    fmt::format_to(std::back_inserter(text), "{},{}", row, set);
    if (has_labels) {
      fmt::format_to(std::back_inserter(text), ",{}", data.targets[row].item<std::int64_t>());
    }
    if (is_corrupted) {
      fmt::format_to(std::back_inserter(text), ",{}", data.true_targets[row].item<std::int64_t>());
    }
    for (const RowColumn* column : said) {
      fmt::format_to(std::back_inserter(text), ",{}", csv_text(column->text(row)));
    }
    text += "\n";
  }
  return text;
}

// Attackers' models: whether each was trained on each row, [shadows, n], and of the models that a
// method edits (U-LiRA) what each forgot, both bool.
TensorFile attackers_rows(const Experiment& experiment, const Plan& plan) {
  std::map<std::int64_t, Tensor> trained, forgot;  // by number
  const auto mask = [&](const Tensor& rows) {
    return at::zeros({experiment.dataset->size()}, at::kBool).index_fill_(0, rows, true);
  };
  for (const Stage& stage : plan.stages) {
    if (stage.kind == StageKind::kShadow) {
      trained[stage.seed] = mask(training_set(experiment, StageKind::kShadow, stage.seed).rows);
    } else if (stage.kind == StageKind::kAudit) {
      forgot[stage.seed] = mask(audit_rows(experiment, stage.seed));
    }
  }
  TensorFile file;
  const auto add = [&](const std::string& name, const std::map<std::int64_t, Tensor>& masks) {
    std::vector<Tensor> all;
    all.reserve(masks.size());
    for (const auto& [number, rows] : masks) all.push_back(rows);
    if (!all.empty()) file.tensors.emplace_back(name, at::stack(all));
  };
  add("trained_on", trained);
  add("forgot", forgot);
  return file;
}

// From which entries of the store results were made: key,kind,content,label.
std::string entries_table(const Plan& plan, const Store& store) {
  std::string text = "key,kind,content,label\n";
  for (const Stage& stage : plan.stages) {
    const std::string content = store.content(stage.key);
    if (content.empty()) continue;  // it failed, or nothing needed it any more
    fmt::format_to(std::back_inserter(text), "{},{},{},{}\n", stage.key, to_string(stage.kind),
                   content, csv_text(stage.label));
  }
  return text;
}

// What a run leaves, or an older one that was killed: those go when results are replaced.
bool is_written_by_runs(const std::string& name) {
  static const std::set<std::string> names = [] {
    std::set<std::string> all = {
        "results.json",     "resolved.yaml",  "rows.csv",      "entries.csv",
        "environment.json", "forget_set.txt", "added_set.txt", "attackers.safetensors",
        "vocabulary.json",  "checkpoints",    kKeptModels,     kPageFile,
        kEvidenceFile,      kModelsFile};
    for (const ReportFile& file : kReportFiles) all.insert(file.name);
    return all;
  }();
  if (names.contains(name)) return true;
  const std::string without_end = name.substr(0, name.rfind(".tmp"));  // NAME.PROCESS.tmp
  return name.ends_with(".tmp") && names.contains(without_end.substr(0, without_end.rfind('.')));
}

}  // namespace

fs::path output_folder(const std::string& from_command_line, const fs::path& file) {
  if (!from_command_line.empty()) return from_command_line;
  return fs::path("results") / file.stem();
}

namespace {

// What is written of the results of an experiment, or of it after a checkpoint.
void write_report(const fs::path& folder, const Experiment& experiment, const Results& results) {
  write_json(folder / "results.json", json_report(results));
  const ReportModel report = report_model(results);
  for (const ReportFile& file : kReportFiles) write_file(folder / file.name, file.text(report));
  write_file(folder / kModelsFile, models_csv(results, report));
  write_file(folder / "rows.csv", rows_table(experiment));
  const auto write_set = [&](const char* name, const Subset& subset) {
    if (subset.empty()) return;
    write_rows(folder / name, subset.rows,
               fmt::format("{} rows of the data set {} (content {})", subset.size(),
                           experiment.dataset->name, experiment.data_hash.substr(0, 16)));
  };
  write_set("forget_set.txt", experiment.task.forget);
  write_set("added_set.txt", experiment.task.added);
}

}  // namespace

void write_output(const ResultFolder& output, const Experiment& experiment, const Plan& plan,
                  const Store& store, const Results& results, const Registry<Metric>& metrics,
                  bool keeps_models) {
  output.replace(is_written_by_runs, [&](const fs::path& folder) {
    write_report(folder, experiment, results);
    write_file(folder / "resolved.yaml", to_yaml(experiment.spec.resolved) + "\n");
    write_json(folder / "environment.json", environment(experiment, results));
    if (experiment.dataset->is_sequence()) {
      write_json(folder / "vocabulary.json", experiment.dataset->class_names);
    }
    write_file(folder / "entries.csv", entries_table(plan, store));
    if (const TensorFile attackers = attackers_rows(experiment, plan); !attackers.tensors.empty()) {
      write_tensors(folder / "attackers.safetensors", attackers);
    }
    if (!results.is_attribution()) {
      write_json(folder / kEvidenceFile,
                 collect_evidence(experiment, plan.rows, plan, store).to_json());
    }
    if (keeps_models) keep_models(folder, experiment, plan, plan.rows, store);
    for (std::size_t c = 0; c < results.checkpoints.size(); ++c) {
      const Results& then = results.checkpoints[c];
      const fs::path place = checkpoint_folder(folder, then.after_requests);
      create_folder(place);
      write_report(place, *experiment.checkpoints[c], then);
      if (!keeps_models) continue;
      keep_models(place, *experiment.checkpoints[c], plan, plan.checkpoints[c], store);
    }
    PageSource page = load_page_source(folder, metrics);
    page.name = output.path().filename().string();
    write_file(folder / kPageFile, report_page({page}));
  });
}

fs::path checkpoint_folder(const fs::path& results, std::int64_t requests) {
  return results / "checkpoints" / fmt::to_string(requests);
}

}  // namespace oubli
