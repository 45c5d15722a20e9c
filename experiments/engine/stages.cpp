#include "experiments/engine/stages.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include "core/nn/checkpoint.h"
#include "core/unlearn/initial_training.h"

namespace oubli {
namespace {

namespace fs = std::filesystem;

const char* const kModel = "model.safetensors";
const char* const kPredictions = "predictions.safetensors";
const char* const kReport = "report.json";
const char* const kMetrics = "metrics.json";

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
        return train(stage, folder);
      case StageKind::kInitial:
        return initialise(stage, folder);
      case StageKind::kSweep:
        return sweep(stage, folder);
      case StageKind::kUnlearn:
        return unlearn(stage, folder);
      case StageKind::kPredict:
        return predict_all(stage, folder);
      case StageKind::kEvaluate:
        return evaluate(stage, folder);
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
        run_unlearner(row.info, *unlearner, model, experiment_.task, context);
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
    std::size_t next = 1;
    const std::vector<ModelOutcome> oracles = take(stage, next, stage.oracles);
    const std::vector<ModelOutcome> initial = take(stage, next, stage.initial);
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

  Predictions input_predictions(const Stage& stage, std::size_t number) const {
    const TensorFile file = read_tensors(input(stage, number) / kPredictions);
    return spread(named(file, "outputs"), named(file, "rows"));
  }

  ModelOutcome outcome(const Stage& stage, std::size_t number) const {
    ModelOutcome outcome;
    outcome.predictions = input_predictions(stage, number + 1);
    outcome.theta = input_model(stage, number).theta().to(at::kDouble);
    const Json report = read_json(input(stage, number) / kReport);
    outcome.sample_gradients = report.at("sample_gradients");
    outcome.seconds = report.at("seconds");
    return outcome;
  }

  // The next `count` pairs of a model and its predictions.
  std::vector<ModelOutcome> take(const Stage& stage, std::size_t& next, std::size_t count) const {
    std::vector<ModelOutcome> outcomes;
    for (; count > 0; --count, next += 2) outcomes.push_back(outcome(stage, next));
    return outcomes;
  }

  void evaluate(const Stage& stage, const fs::path& folder) const {
    const Json report = read_json(input(stage, 0) / kReport);
    Json result = {{"status", report.at("status")},
                   {"message", report.at("message")},
                   {"values", Json::object()},
                   {"report", report}};
    if (report.at("usable").get<bool>()) {
      ModelOutcome model = outcome(stage, 0);
      if (plan_.stages[stage.inputs[0]].kind == StageKind::kTrain) {
        model.sample_gradients = 0;  // the row `original` is doing nothing
        model.seconds = 0;
      }
      // Pairs of a model and its predictions follow the model's own, as the plan says.
      std::size_t next = 2;
      const std::vector<ModelOutcome> oracles = take(stage, next, stage.oracles);
      const std::vector<ModelOutcome> initial = take(stage, next, stage.initial);
      std::vector<Shadow> shadows;
      for (; shadows.size() < stage.shadows; next += 2) {
        const Stage& trained = plan_.stages[stage.inputs[next]];
        Tensor member = at::zeros({experiment_.dataset->size()}, at::kBool);
        member.index_fill_(0, training_set(experiment_, trained.kind, trained.seed).rows, true);
        shadows.push_back({member, input_predictions(stage, next + 1)});
      }
      const Evaluation evaluation = evaluation_of(experiment_.metric_sets(), initial);
      MetricInput input{.evaluation = evaluation, .model = model};
      for (const ModelOutcome& oracle : oracles) input.oracles.push_back(&oracle);
      for (const Shadow& shadow : shadows) input.shadows.push_back(&shadow);
      for (const std::string& name : experiment_.spec.measure) {
        for (const MetricValue& value : registries_.metrics.find(name).compute(input)) {
          result["values"][value.column] =
              std::isfinite(value.value) ? Json(value.value) : Json(nullptr);
        }
      }
    }
    write_json(folder / kMetrics, result);
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
    stream = fmt::format("unlearning, original {}", stage.training_seed);
  }
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
