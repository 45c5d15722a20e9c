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
        return train(stage, folder);
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
    const Subset& subset =
        stage.kind == StageKind::kRetrain ? experiment_.task.retain : experiment_.task.train;
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

  void unlearn(const Stage& stage, const fs::path& folder) const {
    const MethodRow& row = experiment_.spec.methods[stage.method];
    Context context = context_for(stage);
    Model model = input_model(stage, 0);
    const UnlearnReport report =
        run_unlearner(row.info, *row.unlearner, model, experiment_.task, context);
    Json json = report.to_json();
    json["usable"] = report.usable();
    write_json(folder / kReport, json);
    if (report.usable()) save_model(model, folder / kModel, {{"stage", stage.label}});
  }

  void predict_all(const Stage& stage, const fs::path& folder) const {
    const Json report = read_json(input(stage, 0) / kReport);
    write_json(folder / kReport, {{"usable", report.at("usable")}});
    if (!report.at("usable").get<bool>()) return;
    const Model model = input_model(stage, 0);
    const Task& task = experiment_.task;
    Tensor rows = rows_union(task.train.rows, task.retain.rows);
    rows = rows_union(rows, rows_union(task.validation.rows, task.test.rows));
    CostMeter cost;
    const Tensor outputs =
        task.objective().class_scores(predict(model, {experiment_.dataset, rows, {}}, cost));
    write_tensors(folder / kPredictions, {{{"outputs", outputs}, {"rows", rows}}, {}});
  }

  ModelOutcome outcome(const Stage& stage, std::size_t number) const {
    ModelOutcome outcome;
    const fs::path predictions = input(stage, number + 1) / kPredictions;
    const TensorFile file = read_tensors(predictions);
    const Tensor outputs = named(file, "outputs").to(at::kDouble);
    Tensor all = at::zeros({experiment_.dataset->size(), outputs.size(1)}, at::kDouble);
    all.index_copy_(0, named(file, "rows"), outputs);
    outcome.predictions =
        Predictions(experiment_.dataset, experiment_.task.objective().loss_of_scores(), all);
    outcome.theta = input_model(stage, number).theta().to(at::kDouble);
    const Json report = read_json(input(stage, number) / kReport);
    outcome.sample_gradients = report.at("sample_gradients");
    outcome.seconds = report.at("seconds");
    return outcome;
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
      std::vector<ModelOutcome> oracles;
      for (std::size_t i = 2; i < stage.inputs.size(); i += 2) oracles.push_back(outcome(stage, i));
      const Evaluation evaluation{.dataset = experiment_.dataset,
                                  .loss = experiment_.task.objective().loss_of_scores(),
                                  .sets = experiment_.metric_sets()};
      MetricInput input{.evaluation = evaluation, .model = model};
      for (const ModelOutcome& oracle : oracles) input.oracles.push_back(&oracle);
      for (const std::string& name : experiment_.spec.measure) {
        const Metric& metric = registries_.metrics.find(name);
        if (!metric.compute) continue;  // of a population of models, not of one
        for (const MetricValue& value : metric.compute(input)) {
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
  std::string stream = "original";
  if (stage.kind == StageKind::kRetrain) stream = "oracle";
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
