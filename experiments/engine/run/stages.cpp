#include "experiments/engine/run/stages.h"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

#include "core/evaluate/relearning.h"
#include "core/evaluate/statistics/jackknife.h"
#include "core/nn/checkpoint.h"
#include "core/unlearn/initial_training.h"
#include "experiments/engine/environment.h"
#include "experiments/engine/plan/training_sets.h"
#include "experiments/engine/run/stage_outputs.h"
#include "experiments/engine/run/trials.h"

namespace oubli {
namespace {

namespace fs = std::filesystem;

Json number_or_null(double value) { return std::isfinite(value) ? Json(value) : Json(nullptr); }

// Parameters may be finite and too large all the same.
const char* const kNotFinite = "its outputs are not finite";

class Runner {
 public:
  Runner(const Experiment& experiment, const Plan& plan, const Registries& registries,
         const Store& store, const StageHost& host)
      : experiment_(experiment),
        outputs_(experiment, plan, store, host.memory),
        plan_(plan),
        registries_(registries),
        host_(host) {}

  void run(const Stage& stage, const fs::path& folder) const {
    switch (stage.kind) {
      case StageKind::kTrain:
      case StageKind::kRetrain:
      case StageKind::kShadow:
      case StageKind::kAudit:
        return train(stage, folder);
      case StageKind::kInitial:
        return initialise(stage, folder);
      case StageKind::kSweep:
        return sweep(stage, folder);
      case StageKind::kUnlearn:
        return unlearn(stage, folder);
      case StageKind::kPredict:
        return predict_all(stage, folder);
      case StageKind::kRelearn:
        return relearn_forgotten(stage, folder);
      case StageKind::kEvaluate:
        return evaluate(stage, folder);
      case StageKind::kCompare:
        return compare(stage, folder);
    }
  }

 private:
  Json input_report(const Stage& stage, std::size_t number) const {
    return outputs_.json(stage.inputs[number], kReportFile);
  }

  Model input_model(const Stage& stage, std::size_t number) const {
    return outputs_.model(stage.inputs[number]);
  }

  Context context_for(const Stage& stage) const {
    Context context(random_seed(stage));
    context.progress = host_.progress;
    context.memory = host_.memory;
    return context;
  }

  void train(const Stage& stage, const fs::path& folder) const {
    Context context = context_for(stage);
    Model model = experiment_.make_model();
    const Subset subset = training_set(experiment_, stage.kind, stage.seed);
    const TrainingReport report = train_from_start(model, subset, experiment_.task.recipe, context);
    if (!report.usable()) {
      throw Error(ErrorKind::kNumerics,
                  fmt::format("training of {} diverged: {}", stage.label, report.message));
    }
    save_model(model, folder / kModelFile);
    Json json = report.to_json();
    json["usable"] = true;
    write_json(folder / kReportFile, json);
  }

  void initialise(const Stage& stage, const fs::path& folder) const {
    Generator generator = context_for(stage).generator.stream("initialisation");
    Model model = experiment_.make_model();
    model.initialise(generator);
    save_model(model, folder / kModelFile);
    write_json(folder / kReportFile, {{"usable", true}, {"sample_gradients", 0}, {"seconds", 0}});
  }

  void unlearn(const Stage& stage, const fs::path& folder) const {
    const MethodRow& row = experiment_.spec.methods[stage.method];
    Context context = context_for(stage);
    Model model = input_model(stage, 0);
    Json sweep;
    std::shared_ptr<const Unlearner> unlearner = row.unlearner;
    if (row.sweep) {
      sweep = input_report(stage, 1);
      unlearner = row.sweep->trials.at(sweep.at("chosen").get<std::size_t>()).unlearner;
    }
    const UnlearnReport report =
        run_unlearner(row.info, *unlearner, model, task_of(experiment_, stage), context);
    Json json = report.to_json();
    json["usable"] = report.usable();
    if (row.sweep) {
      // What was spent to find the settings is part of what the method costs.
      for (const char* cost : {"sample_gradients", "seconds"}) {
        json[cost] = json.at(cost).get<double>() + sweep.at(cost).get<double>();
      }
      json["sweep"] = sweep;
    }
    write_json(folder / kReportFile, json);
    if (report.usable()) save_model(model, folder / kModelFile);
  }

  void sweep(const Stage& stage, const fs::path& folder) const {
    const MethodRow& row = experiment_.spec.methods[stage.method];
    const Sweep& sweep = *row.sweep;
    const Metric& metric = registries_.metrics.find(sweep.metric);
    const std::vector<ModelOutcome> oracles = outputs_.outcomes(stage, ModelRole::kOracle);
    const std::vector<ModelOutcome> initial = outputs_.outcomes(stage, ModelRole::kInitial);
    std::vector<NamedRows> sets = experiment_.metric_sets();
    std::erase_if(
        sets, [](const NamedRows& set) { return set.name == "test" || set.name == "held_out"; });
    Tensor rows = at::empty({0}, at::kLong);
    for (const NamedRows& set : sets) rows = rows_union(rows, set.rows);
    const Evaluation evaluation = outputs_.evaluation(std::move(sets), initial);
    const auto objective = [&](const ModelOutcome& model) -> std::optional<double> {
      MetricInput input{.evaluation = evaluation, .model = model};
      for (const ModelOutcome& oracle : oracles) {
        if (&oracle != &model) input.oracles.push_back(&oracle);
      }
      for (const MetricValue& value : metric.compute(input)) {
        if (value.column == sweep.objective && std::isfinite(value.value)) return value.value;
      }
      return std::nullopt;
    };
    double done = 0;
    const std::vector<TrialResult> results = run_trials(sweep, [&](const Trial& trial) {
      host_.progress(done++ / static_cast<double>(sweep.trials.size()));
      Context context(random_seed(stage));
      context.memory = host_.memory;
      Model model = input_model(stage, 0);
      const UnlearnReport report =
          run_unlearner(row.info, *trial.unlearner, model, experiment_.task, context);
      TrialResult result{std::nullopt, report.sample_gradients, report.seconds, report.message,
                         to_string(report.status)};
      if (!report.usable()) return result;
      const Tensor outputs = outputs_of(model, rows);
      if (!outputs.isfinite().all().item<bool>()) {
        result.status = to_string(UnlearnStatus::kDiverged);
        result.message = kNotFinite;
        return result;
      }
      result.value = objective({outputs_.predictions(outputs, rows), model.theta().to(at::kDouble),
                                report.sample_gradients, report.seconds});
      if (!result.value) result.message = without_value(sweep.objective, evaluation);
      return result;
    });
    const bool to_oracles = sweep.better == GoodSide::kOracle;
    write_json(
        folder / kReportFile,
        report_of_sweep(sweep, results,
                        to_oracles ? mean_of_oracles(oracles, objective,
                                                     without_value(sweep.objective, evaluation))
                                   : 0));
  }

  static std::string without_value(const std::string& objective, const Evaluation& evaluation) {
    std::vector<std::string> sets;
    for (const NamedRows& set : evaluation.sets) sets.push_back(set.name);
    return fmt::format(
        "{} has no value for this data and edit from the sets that a sweep reads: {}", objective,
        fmt::join(sets, ", "));
  }

  // The oracles' own value of the objective, each against the others.
  template <typename Objective>
  static double mean_of_oracles(const std::vector<ModelOutcome>& oracles, const Objective& of,
                                const std::string& missing) {
    double sum = 0;
    for (const ModelOutcome& oracle : oracles) {
      if (oracles.size() < 2) {
        throw Error(ErrorKind::kTask,
                    "the objective of this sweep is to come close to the oracles' own value, which "
                    "takes two oracles or more (seeds.oracle)");
      }
      const std::optional<double> value = of(oracle);
      if (!value) {
        throw Error(ErrorKind::kTask,
                    "the objective of this sweep has no value for the oracles: " + missing);
      }
      sum += *value;
    }
    return sum / static_cast<double>(oracles.size());
  }

  Tensor outputs_of(const Model& model, const Tensor& rows) const {
    CostMeter cost;
    return experiment_.task.objective().class_scores(
        predict(model, {experiment_.dataset, rows, {}}, cost));
  }

  void predict_all(const Stage& stage, const fs::path& folder) const {
    const Json report = input_report(stage, 0);
    write_json(folder / kReportFile, {{"usable", report.at("usable")}});
    if (!report.at("usable").get<bool>()) return;
    const Model model = input_model(stage, 0);
    const Tensor rows = experiment_.metric_rows();
    const Tensor outputs = outputs_of(model, rows);
    if (!outputs.isfinite().all().item<bool>()) {
      const Stage& made = plan_.stages[stage.inputs.front()];
      if (made.kind != StageKind::kUnlearn) {
        throw Error(ErrorKind::kNumerics,
                    fmt::format("training of {} diverged: {}", made.label, kNotFinite));
      }
      return write_json(folder / kReportFile, {{"usable", false}});
    }
    write_tensors(folder / kPredictionsFile, {{{"outputs", outputs}, {"rows", rows}}, {}});
  }

  void relearn_forgotten(const Stage& stage, const fs::path& folder) const {
    const Json report = input_report(stage, 0);
    write_json(folder / kReportFile, {{"usable", report.at("usable")}});
    if (!report.at("usable").get<bool>()) return;
    Context context = context_for(stage);
    Model model = input_model(stage, 0);
    const Task& task = experiment_.task;
    const Relearning curve =
        relearn(model, task.train, task.forget, task.recipe, experiment_.spec.relearning, context);
    write_json(folder / kRelearningFile,
               {{"forget_loss", curve.forget_loss}, {"forget_accuracy", curve.forget_accuracy}});
  }

  void evaluate(const Stage& stage, const fs::path& folder) const {
    const StageMember member = stage.members_of(ModelRole::kModel).front();
    const Json report = outputs_.json(member.model, kReportFile);
    Json result = {{"status", report.at("status")},
                   {"message", report.at("message")},
                   {"values", Json::object()},
                   {"at_least", Json::array()},
                   {"report", report}};
    const bool usable = outputs_.usable(member);
    if (!usable && report.at("usable").get<bool>()) {
      result["status"] = to_string(UnlearnStatus::kDiverged);
      result["message"] = kNotFinite;
    }
    if (usable) {
      ModelOutcome model = outputs_.outcomes(stage, ModelRole::kModel).front();
      if (plan_.stages[member.model].kind == StageKind::kTrain) {
        model.sample_gradients = 0;  // the row `original` is doing nothing
        model.seconds = 0;
      }
      const std::vector<ModelOutcome> oracles = outputs_.outcomes(stage, ModelRole::kOracle);
      const std::vector<ModelOutcome> initial = outputs_.outcomes(stage, ModelRole::kInitial);
      const std::vector<ModelOutcome> original = outputs_.outcomes(stage, ModelRole::kOriginal);
      const std::vector<Shadow> trained = outputs_.shadows(stage, ModelRole::kShadow);
      const std::vector<Shadow> edited = outputs_.shadows(stage, ModelRole::kEditedShadow);
      const Evaluation evaluation = outputs_.evaluation(experiment_.metric_sets(), initial);
      const MetricInput input{.evaluation = evaluation,
                              .model = model,
                              .oracles = pointers_to(oracles),
                              .original = original.empty() ? nullptr : &original.front(),
                              .shadows = pointers_to(trained),
                              .edited_shadows = pointers_to(edited)};
      for (const std::string& name : experiment_.spec.measure) {
        const Metric& metric = registries_.metrics.find(name);
        if (!metric.compute) continue;
        for (const MetricValue& value : metric.compute(input)) {
          result["values"][value.column] = number_or_null(value.value);
          if (value.at_least) result["at_least"].push_back(value.column);
        }
      }
    }
    write_json(folder / kMetricsFile, result);
  }

  // What is the same without any one seed does not depend on them, and has no interval over them.
  static Estimate interval_of(double value, const std::vector<double>& left_out) {
    const auto same = [&](double other) { return other == left_out.front(); };
    if (std::all_of(left_out.begin(), left_out.end(), same)) {
      return {value, std::nullopt, left_out.size()};
    }
    return jackknife(value, left_out);
  }

  // Metrics of all models of a row, with the half-width of a jackknife over training seeds.
  void compare(const Stage& stage, const fs::path& folder) const {
    const std::vector<StageMember> all = stage.members_of(ModelRole::kModel);
    Json values = Json::object();
    if (std::all_of(all.begin(), all.end(),
                    [&](const StageMember& one) { return outputs_.usable(one); })) {
      const std::vector<ModelOutcome> models = outputs_.outcomes(stage, ModelRole::kModel);
      const std::vector<ModelOutcome> oracles = outputs_.outcomes(stage, ModelRole::kOracle);
      const std::vector<ModelOutcome> apart = outputs_.outcomes(stage, ModelRole::kControlOracle);
      const Evaluation evaluation = outputs_.evaluation(experiment_.metric_sets(), {});
      std::set<std::int64_t> seeds;
      for (const StageMember& member : all) seeds.insert(member.seed);
      const auto without = [&](std::optional<std::int64_t> seed) {
        PopulationInput input{.evaluation = evaluation,
                              .oracles = pointers_to(oracles),
                              .control_oracles = pointers_to(apart)};
        for (std::size_t i = 0; i < all.size(); ++i) {
          if (all[i].seed != seed) input.models.push_back(&models[i]);
        }
        return input;
      };
      for (const std::string& name : experiment_.spec.measure) {
        const Metric& metric = registries_.metrics.find(name);
        if (!metric.compute_population) continue;
        std::map<std::string, std::vector<double>> left_out;
        for (const std::int64_t seed : seeds) {
          for (const MetricValue& value : metric.compute_population(without(seed))) {
            left_out[value.column].push_back(value.value);
          }
        }
        for (const MetricValue& value : metric.compute_population(without(std::nullopt))) {
          values[value.column] = to_json(interval_of(value.value, left_out[value.column]));
        }
      }
    }
    write_json(folder / kMetricsFile, {{"values", values}});
  }

  const Experiment& experiment_;
  const StageOutputs outputs_;
  const Plan& plan_;
  const Registries& registries_;
  const StageHost& host_;
};

}  // namespace

std::uint64_t random_seed(const Stage& stage) {
  std::string stream = model_name(stage.kind);
  if (stage.kind == StageKind::kUnlearn) {
    stream = stage.audit ? fmt::format("unlearning, audit {}", *stage.audit)
                         : fmt::format("unlearning, original {}", stage.training_seed);
  }
  if (stage.kind == StageKind::kRelearn) stream = "relearning";
  if (stage.kind == StageKind::kSweep) stream = "sweep";
  return Generator(static_cast<std::uint64_t>(stage.seed)).stream(stream).seed();
}

bool run_stage(const Experiment& experiment, const Plan& plan, const Stage& stage,
               const Registries& registries, const Store& store, const StageHost& host) {
  const Runner runner(experiment, plan, registries, store, host);
  return store.produce({.key = stage.key,
                        .description = {{"label", stage.label},
                                        {"determined_by", stage.full_description()},
                                        {"made_by", build_record()},
                                        {"machine", machine_record()}},
                        .work = [&](const fs::path& folder) { runner.run(stage, folder); },
                        .inputs = [&] { return InputContents(plan, store).of(stage); },
                        .on_wait = host.on_wait});
}

}  // namespace oubli
