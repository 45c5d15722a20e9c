// The stages of a plan in which methods run.
#include <fmt/format.h>

#include "experiments/engine/plan/stage_maker.h"

namespace oubli {

std::size_t StageMaker::sweep(std::size_t method, std::size_t original,
                              std::map<ModelRole, StageMembers> members) {
  const MethodRow& row = experiment_.spec.methods[method];
  Stage stage;
  stage.kind = StageKind::kSweep;
  stage.label = fmt::format("trials of {}", row.name);
  stage.method = method;
  stage.variant = row.variant;
  stage.inputs = {original};
  stage.members = std::move(members);
  stage.shared_description = methods_[method];
  stage.description = {{"metric", objectives_[method]}};
  const double budget = row.sweep->budget(experiment_.retraining_cost());
  for (const Trial& trial : row.sweep->trials) {
    stage.cost += estimated_cost(*trial.unlearner, experiment_.task);
    if (stage.cost >= budget) break;
  }
  return stages_.add(std::move(stage));
}

std::string StageMaker::label_of_run(const MethodRow& row, std::int64_t training_seed,
                                     std::int64_t seed) const {
  std::string label = fmt::format("{}, original {}", row.name, training_seed);
  if (experiment_.spec.seeds.unlearning > 1) label += fmt::format(", run {}", seed);
  return label;
}

double StageMaker::estimated_cost(const Unlearner& unlearner, const Task& task) {
  return unlearner.estimate_cost(task).value_or(static_cast<double>(task.retain.size()));
}

std::size_t StageMaker::unlearn(std::size_t method, std::size_t original,
                                std::optional<std::size_t> sweep, std::int64_t training_seed,
                                std::int64_t seed) {
  if (!experiment_.requests.empty()) return answer(method, original, training_seed, seed);
  const MethodRow& row = experiment_.spec.methods[method];
  Stage stage;
  stage.kind = StageKind::kUnlearn;
  stage.label = label_of_run(row, training_seed, seed);
  stage.inputs = {original};
  if (sweep) stage.inputs.push_back(*sweep);
  stage.method = method;
  stage.variant = row.variant;
  stage.training_seed = training_seed;
  stage.seed = seed;
  stage.shared_description = methods_[method];
  stage.description = {{"training_seed", training_seed}, {"seed", seed}};
  stage.cost = estimated_cost(*row.unlearner, experiment_.task);
  return stages_.add(std::move(stage));
}

std::size_t StageMaker::answer(std::size_t method, std::size_t original, std::int64_t training_seed,
                               std::int64_t seed) {
  const MethodRow& row = experiment_.spec.methods[method];
  std::size_t model = original;
  for (std::size_t k = 0; k < experiment_.requests.size(); ++k) {
    const Request& request = experiment_.requests[k];
    Stage stage;
    stage.kind = StageKind::kUnlearn;
    stage.label = label_of_run(row, training_seed, seed) + fmt::format(", request {}", k + 1);
    stage.inputs = {model};
    stage.method = method;
    stage.variant = row.variant;
    stage.training_seed = training_seed;
    stage.seed = seed;
    stage.request = k;
    stage.shared_description = methods_[method];
    stage.description = {
        {"training_seed", training_seed}, {"seed", seed}, {"request", k}, {"rows", request.hash}};
    stage.cost = estimated_cost(*row.unlearner, request.task);
    model = stages_.add(std::move(stage));
  }
  return model;
}

std::size_t StageMaker::unlearn_audit(std::size_t method, std::size_t audit_model,
                                      std::int64_t audit, std::optional<std::size_t> sweep) {
  const MethodRow& row = experiment_.spec.methods[method];
  Stage stage;
  stage.kind = StageKind::kUnlearn;
  stage.label = fmt::format("{}, audit {}", row.name, audit);
  stage.inputs = {audit_model};
  if (sweep) stage.inputs.push_back(*sweep);
  stage.method = method;
  stage.variant = row.variant;
  stage.audit = audit;
  stage.shared_description = methods_[method];
  stage.description = {{"audit", audit}};
  stage.cost = estimated_cost(*row.unlearner, experiment_.task);
  return stages_.add(std::move(stage));
}

}  // namespace oubli
