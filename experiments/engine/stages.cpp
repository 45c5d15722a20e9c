#include "experiments/engine/stages.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <set>

#include "core/evaluate/relearning.h"
#include "core/evaluate/statistics/jackknife.h"
#include "core/nn/checkpoint.h"
#include "core/unlearn/initial_training.h"

namespace oubli {
namespace {

namespace fs = std::filesystem;

const char* const kModel = "model.safetensors";
const char* const kPredictions = "predictions.safetensors";
const char* const kReport = "report.json";
const char* const kMetrics = "metrics.json";
const char* const kRelearning = "relearning.json";

void write_json(const fs::path& path, const Json& json) { write_file(path, json.dump(1) + "\n"); }
Json read_json(const fs::path& path) { return Json::parse(read_text_file(path)); }

const Tensor& named(const TensorFile& file, const std::string& name) {
  for (const auto& [other, tensor] : file.tensors) {
    if (other == name) return tensor;
  }
  throw Error(ErrorKind::kStore, fmt::format("stored predictions lack '{}'", name));
}

class Runner {
 public:
  Runner(const Experiment& experiment, const Plan& plan, const Registries& registries,
         const Store& store, const std::function<void(double)>& progress)
      : experiment_(experiment),
        plan_(plan),
        registries_(registries),
        store_(store),
        progress_(progress) {}

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
  fs::path input(const Stage& stage, std::size_t number) const {
    return store_.entry(plan_.stages[stage.inputs[number]].key);
  }

  Model input_model(const Stage& stage, std::size_t number) const {
    return stored_model(experiment_, store_, plan_.stages[stage.inputs[number]]);
  }

  Context context_for(const Stage& stage) const {
    Context context(random_seed(stage));
    context.progress = progress_;
    return context;
  }

  void train(const Stage& stage, const fs::path& folder) const {
    Context context = context_for(stage);
    Model model = experiment_.make_model();
    const Subset subset = training_set(experiment_, stage.kind, stage.seed);
    const TrainingReport report = train_from_start(model, subset, experiment_.task, context);
    if (!report.usable()) {
      throw Error(ErrorKind::kNumerics,
                  fmt::format("training of {} diverged: {}", stage.label, report.message));
    }
    save_model(model, folder / kModel, {{"stage", stage.label}});
    Json json = report.to_json();
    json["usable"] = true;
    write_json(folder / kReport, json);
  }

  void initialise(const Stage& stage, const fs::path& folder) const {
    Generator generator = context_for(stage).generator.stream("initialisation");
    Model model = experiment_.make_model();
    model.initialise(generator);
    save_model(model, folder / kModel, {{"stage", stage.label}});
    write_json(folder / kReport, {{"usable", true}, {"sample_gradients", 0}, {"seconds", 0}});
  }

  void unlearn(const Stage& stage, const fs::path& folder) const {
    const MethodRow& row = experiment_.spec.methods[stage.method];
    Context context = context_for(stage);
    Model model = input_model(stage, 0);
    Json sweep;
    std::shared_ptr<const Unlearner> unlearner = row.unlearner;
    if (row.sweep) {
      sweep = read_json(input(stage, 1) / kReport);
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
    write_json(folder / kReport, json);
    if (report.usable()) save_model(model, folder / kModel, {{"stage", stage.label}});
  }

  void sweep(const Stage& stage, const fs::path& folder) const {
    const MethodRow& row = experiment_.spec.methods[stage.method];
    const Sweep& sweep = *row.sweep;
    const Metric& metric = registries_.metrics.find(sweep.metric);
    const std::vector<ModelOutcome> oracles = outcomes(stage, Role::kOracle);
    const std::vector<ModelOutcome> initial = outcomes(stage, Role::kInitial);
    std::vector<NamedRows> sets = experiment_.metric_sets();
    std::erase_if(
        sets, [](const NamedRows& set) { return set.name == "test" || set.name == "held_out"; });
    const Tensor rows = rows_of(sets);
    const Evaluation evaluation = evaluation_of(std::move(sets), initial);
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
      progress_(done++ / static_cast<double>(sweep.trials.size()));
      Context context(random_seed(stage));
      Model model = input_model(stage, 0);
      const UnlearnReport report =
          run_unlearner(row.info, *trial.unlearner, model, experiment_.task, context);
      TrialResult result{std::nullopt, report.sample_gradients, report.seconds, report.message,
                         to_string(report.status)};
      if (report.usable()) {
        result.value =
            objective({spread(outputs_of(model, rows), rows), model.theta().to(at::kDouble),
                       report.sample_gradients, report.seconds});
        if (!result.value) result.message = "the objective is not defined without the test set";
      }
      return result;
    });
    const bool to_oracles = sweep.better == Better::kOracle;
    write_json(
        folder / kReport,
        report_of_sweep(sweep, results, to_oracles ? mean_of_oracles(oracles, objective) : 0));
  }

  // The oracles' own value of the objective, each against the others.
  template <typename Objective>
  static double mean_of_oracles(const std::vector<ModelOutcome>& oracles, const Objective& of) {
    double sum = 0;
    for (const ModelOutcome& oracle : oracles) {
      const std::optional<double> value = oracles.size() > 1 ? of(oracle) : std::nullopt;
      if (!value) {
        throw Error(ErrorKind::kTask,
                    "the objective of this sweep is to come close to the oracles' own value, which "
                    "takes two oracles or more (seeds.oracle)");
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

  // Outputs at their rows; zero elsewhere.
  Predictions spread(const Tensor& outputs, const Tensor& rows) const {
    Tensor all = at::zeros({experiment_.dataset->size(), outputs.size(1)}, at::kDouble);
    all.index_copy_(0, rows, outputs.to(at::kDouble));
    return Predictions(experiment_.dataset, experiment_.task.objective().loss_of_scores(), all);
  }

  static Tensor rows_of(const std::vector<NamedRows>& sets) {
    Tensor rows = at::empty({0}, at::kLong);
    for (const NamedRows& set : sets) rows = rows_union(rows, set.rows);
    return rows;
  }

  Evaluation evaluation_of(std::vector<NamedRows> sets,
                           const std::vector<ModelOutcome>& initial) const {
    Evaluation evaluation{.dataset = experiment_.dataset,
                          .sets = std::move(sets),
                          .parameters = experiment_.network.table->parameters()};
    for (const ModelOutcome& untrained : initial) evaluation.initial.push_back(&untrained);
    return evaluation;
  }

  void predict_all(const Stage& stage, const fs::path& folder) const {
    const Json report = read_json(input(stage, 0) / kReport);
    write_json(folder / kReport, {{"usable", report.at("usable")}});
    if (!report.at("usable").get<bool>()) return;
    const Model model = input_model(stage, 0);
    const Tensor rows = rows_of(experiment_.metric_sets());
    const Tensor outputs = outputs_of(model, rows);
    write_tensors(folder / kPredictions, {{{"outputs", outputs}, {"rows", rows}}, {}});
  }

  void relearn_forgotten(const Stage& stage, const fs::path& folder) const {
    const Json report = read_json(input(stage, 0) / kReport);
    write_json(folder / kReport, {{"usable", report.at("usable")}});
    if (!report.at("usable").get<bool>()) return;
    Context context = context_for(stage);
    Model model = input_model(stage, 0);
    const Task& task = experiment_.task;
    const Relearning curve =
        relearn(model, task.train, task.forget, task.recipe, experiment_.spec.relearning, context);
    write_json(folder / kRelearning,
               {{"forget_loss", curve.forget_loss}, {"forget_accuracy", curve.forget_accuracy}});
  }

  fs::path entry(std::size_t stage) const { return store_.entry(plan_.stages[stage].key); }

  Predictions predictions_of(const Member& member) const {
    const TensorFile file = read_tensors(entry(member.predictions) / kPredictions);
    return spread(named(file, "outputs"), named(file, "rows"));
  }

  bool usable(const Member& member) const {
    return read_json(entry(member.model) / kReport).at("usable").get<bool>();
  }

  ModelOutcome outcome(const Member& member) const {
    ModelOutcome outcome;
    outcome.predictions = predictions_of(member);
    outcome.theta =
        stored_model(experiment_, store_, plan_.stages[member.model]).theta().to(at::kDouble);
    const Json report = read_json(entry(member.model) / kReport);
    outcome.sample_gradients = report.at("sample_gradients");
    outcome.seconds = report.at("seconds");
    if (member.relearning) {
      const Json curve = read_json(entry(*member.relearning) / kRelearning);
      // A curve that ended in a loss that is not finite has null there.
      const auto numbers = [](const Json& list) {
        std::vector<double> values;
        for (const Json& value : list) {
          values.push_back(value.is_number() ? value.get<double>()
                                             : std::numeric_limits<double>::quiet_NaN());
        }
        return values;
      };
      outcome.relearning =
          Relearning{numbers(curve.at("forget_loss")), numbers(curve.at("forget_accuracy"))};
    }
    return outcome;
  }

  static std::vector<Member> members(const Stage& stage, Role role) {
    const auto found = stage.members.find(role);
    return found == stage.members.end() ? std::vector<Member>{} : found->second;
  }

  std::vector<ModelOutcome> outcomes(const Stage& stage, Role role) const {
    std::vector<ModelOutcome> all;
    for (const Member& member : members(stage, role)) all.push_back(outcome(member));
    return all;
  }

  static std::vector<const ModelOutcome*> pointers(const std::vector<ModelOutcome>& all) {
    std::vector<const ModelOutcome*> result;
    for (const ModelOutcome& one : all) result.push_back(&one);
    return result;
  }

  // An attacker's models with the rows that each was trained on, or forgot. A model that the method
  // spoilt tells the attacker nothing.
  std::vector<Shadow> shadows(const Stage& stage, Role role) const {
    std::vector<Shadow> all;
    for (const Member& member : members(stage, role)) {
      if (!usable(member)) continue;
      const Tensor chosen = role == Role::kShadow
                                ? training_set(experiment_, StageKind::kShadow, member.seed).rows
                                : audit_rows(experiment_, member.seed);
      const Tensor flags = at::zeros({experiment_.dataset->size()}, at::kBool);
      all.push_back({flags.index_fill(0, chosen, true), predictions_of(member)});
    }
    return all;
  }

  static std::vector<const Shadow*> pointers(const std::vector<Shadow>& all) {
    std::vector<const Shadow*> result;
    for (const Shadow& one : all) result.push_back(&one);
    return result;
  }

  static Json number_or_null(double value) {
    return std::isfinite(value) ? Json(value) : Json(nullptr);
  }

  void evaluate(const Stage& stage, const fs::path& folder) const {
    const Member& member = stage.members.at(Role::kModel).front();
    const Json report = read_json(entry(member.model) / kReport);
    Json result = {{"status", report.at("status")},
                   {"message", report.at("message")},
                   {"values", Json::object()},
                   {"report", report}};
    if (report.at("usable").get<bool>()) {
      ModelOutcome model = outcome(member);
      if (plan_.stages[member.model].kind == StageKind::kTrain) {
        model.sample_gradients = 0;  // the row `original` is doing nothing
        model.seconds = 0;
      }
      const std::vector<ModelOutcome> oracles = outcomes(stage, Role::kOracle);
      const std::vector<ModelOutcome> initial = outcomes(stage, Role::kInitial);
      const std::vector<ModelOutcome> original = outcomes(stage, Role::kOriginal);
      const std::vector<Shadow> trained = shadows(stage, Role::kShadow);
      const std::vector<Shadow> edited = shadows(stage, Role::kEditedShadow);
      const Evaluation evaluation = evaluation_of(experiment_.metric_sets(), initial);
      const MetricInput input{.evaluation = evaluation,
                              .model = model,
                              .oracles = pointers(oracles),
                              .original = original.empty() ? nullptr : &original.front(),
                              .shadows = pointers(trained),
                              .edited_shadows = pointers(edited)};
      for (const std::string& name : experiment_.spec.measure) {
        const Metric& metric = registries_.metrics.find(name);
        if (!metric.compute) continue;
        for (const MetricValue& value : metric.compute(input)) {
          result["values"][value.column] = number_or_null(value.value);
        }
      }
    }
    write_json(folder / kMetrics, result);
  }

  // Metrics of all models of a row, with the half-width of a jackknife over training seeds.
  void compare(const Stage& stage, const fs::path& folder) const {
    const std::vector<Member>& all = stage.members.at(Role::kModel);
    Json values = Json::object();
    if (std::all_of(all.begin(), all.end(), [&](const Member& one) { return usable(one); })) {
      const std::vector<ModelOutcome> models = outcomes(stage, Role::kModel);
      const std::vector<ModelOutcome> oracles = outcomes(stage, Role::kOracle);
      const Evaluation evaluation = evaluation_of(experiment_.metric_sets(), {});
      std::set<std::int64_t> seeds;
      for (const Member& member : all) seeds.insert(member.seed);
      const auto without = [&](std::optional<std::int64_t> seed) {
        PopulationInput input{.evaluation = evaluation, .oracles = pointers(oracles)};
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
          const Estimate estimate = jackknife(value.value, left_out[value.column]);
          values[value.column] = {
              {"mean", number_or_null(estimate.mean)},
              {"half_width_95",
               estimate.half_width ? number_or_null(*estimate.half_width) : nullptr},
              {"n", seeds.size()}};
        }
      }
    }
    write_json(folder / kMetrics, {{"values", values}});
  }

  const Experiment& experiment_;
  const Plan& plan_;
  const Registries& registries_;
  const Store& store_;
  const std::function<void(double)>& progress_;
};

}  // namespace

std::uint64_t random_seed(const Stage& stage) {
  std::string stream = model_name(stage.kind);
  if (stage.kind == StageKind::kUnlearn) {
    stream = stage.audit ? fmt::format("unlearning, audit {}", *stage.audit)
                         : fmt::format("unlearning, original {}", stage.training_seed);
  }
  if (stage.kind == StageKind::kRelearn) stream = "relearning";
  return Generator(static_cast<std::uint64_t>(stage.seed)).stream(stream).seed();
}

Model stored_model(const Experiment& experiment, const Store& store, const Stage& stage) {
  Model model = experiment.make_model();
  load_weights(model, store.entry(stage.key) / kModel);
  return model;
}

bool run_stage(const Experiment& experiment, const Plan& plan, const Stage& stage,
               const Registries& registries, const Store& store,
               const std::function<void(double)>& progress) {
  const Runner runner(experiment, plan, registries, store, progress);
  Json description = {{"label", stage.label}, {"determined_by", stage.description}};
  return store.produce(stage.key, description,
                       [&](const fs::path& folder) { runner.run(stage, folder); });
}

}  // namespace oubli
