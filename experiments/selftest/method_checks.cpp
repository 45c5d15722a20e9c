#include "experiments/selftest/method_checks.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "core/unlearn/training_procedure.h"
#include "experiments/selftest/problems.h"

namespace oubli::testing {

constexpr std::int64_t kForgotten = 10;

struct MethodProblem {
  std::string name, architecture, settings;
  at::ScalarType dtype;
  std::shared_ptr<const Dataset> data;
  bool forgets_a_class = false;

  Model model() const { return make_model(architecture, settings, *data, 0, dtype); }
  Task task() const {
    Task task =
        forgets_a_class ? class_removal_task(data, 1, 0.01) : removal_task(data, kForgotten, 0.01);
    task.recipe.optimizer = {.name = "sgd", .lr = 0.05};
    task.recipe.epochs = 2;
    task.recipe.batch_size = 16;
    task.validation = task.train.with_rows(at::arange(kForgotten, 20));
    task.make_model = [problem = *this, plan = TrainingPlan{task.recipe}](std::int64_t outputs) {
      return problem.model_of(plan, outputs);
    };
    return task;
  }
  // With as many outputs as are asked for; 0: as the data has.
  Model model_of(const TrainingPlan& plan, std::int64_t outputs) const {
    Dataset like = *data;
    if (outputs > 0) like.outputs = outputs;
    const Network network = network_of(plan, make_network(architecture, settings, like));
    Model model(network.layers, network.table, dtype);
    Generator generator(0);
    model.initialise(generator);
    return model;
  }
};

namespace {

std::vector<MethodProblem> problems() {
  const auto table = make_dataset(60, 4, 3);
  const auto pictures = make_images(60, 1, 8, 3, 0, at::kFloat);
  return {{"logistic", "logistic", "{}", at::kDouble, table},
          {"mlp", "mlp", "{hidden: [5]}", at::kDouble, table},
          {"mlp in float32", "mlp", "{hidden: [5]}", at::kFloat, table},
          {"convnet", "convnet", "{channels: [4, 4], norm: batch}", at::kFloat, pictures},
          {"a class", "mlp", "{hidden: [5]}", at::kDouble, table, /*forgets_a_class=*/true},
          {"regression", "linear", "{}", at::kDouble, make_dataset(60, 4, 0)},
          {"language", "gpt", "{layers: 2, width: 8, heads: 2}", at::kFloat, make_sentences()}};
}

}  // namespace

// Problems that the method does not refuse, and what is wrong with how it refuses others.
struct MethodTrial::Suitable {
  std::vector<MethodProblem> problems;
  Findings refusals;
};

MethodTrial::MethodTrial(const MethodInfo& info, const Methods& methods)
    : info_(info), methods_(methods) {}
MethodTrial::~MethodTrial() = default;

const Unlearner& MethodTrial::method() const {
  if (!method_) method_ = info_.make(Settings(), methods_);
  return *method_;
}

Model MethodTrial::original(const MethodProblem& problem, Task& task) const {
  const TrainingPlan standard{task.recipe};
  const TrainingPlan plan = method().training_plan(standard);
  if (plan.to_json() == standard.to_json()) return problem.model();
  Model model = problem.model_of(plan, 0);
  Context context(11);
  const auto record = std::make_shared<MethodState>();
  train_by_plan(model, task.train, plan, context, *record);
  task.recipe = plan.recipe;
  task.record = [record] { return record; };
  task.make_model = [problem, plan](std::int64_t outputs) {
    return problem.model_of(plan, outputs);
  };
  return model;
}

UnlearnReport MethodTrial::run(Model& model, const Task& task, std::uint64_t seed) const {
  Context context(seed);
  return run(model, task, context);
}

UnlearnReport MethodTrial::run(Model& model, const Task& task, Context& context) const {
  return run_unlearner(info_, method(), model, task, context);
}

MethodTrial::Suitable MethodTrial::find_suitable() const {
  Suitable suitable;
  for (MethodProblem& problem : problems()) {
    try {
      Task task = problem.task();
      Model model = original(problem, task);
      const Tensor before = model.theta().clone();
      const UnlearnReport report = run(model, task);
      if (report.status != UnlearnStatus::kRefused) {
        suitable.problems.push_back(std::move(problem));
        continue;
      }
      suitable.refusals.expect(report.message.size() > 20, problem.name,
                               "it refuses and says not why");
      suitable.refusals.expect(model.theta().equal(before), problem.name,
                               "it refuses and moved theta");
    } catch (const Error& error) {
      suitable.refusals.expect(
          error.kind() == ErrorKind::kTask, problem.name,
          fmt::format("it refuses with an error that is not of kind kTask: {}", error.what()));
      suitable.refusals.expect(std::string(error.what()).size() > 20, problem.name,
                               "it refuses and says not why");
    }
  }
  suitable.refusals.expect(!suitable.problems.empty(), "", "it refuses every problem");
  return suitable;
}

void MethodTrial::on_each(Findings& findings,
                          const std::function<void(const MethodProblem&)>& look) const {
  if (!suitable_) suitable_ = std::make_unique<const Suitable>(find_suitable());
  findings.add(suitable_->refusals);
  for (const MethodProblem& problem : suitable_->problems) look(problem);
}

namespace {

void method_describes_itself(const MethodTrial& trial, Findings& findings) {
  findings.expect(!trial.info().summary.empty(), "", "it has no summary");
  findings.expect(!trial.info().reference.empty(), "", "it has no reference");
  findings.expect(!trial.info().definition.empty(), "",
                  "it has no definition: the formula, with every constant");
  const Settings settings = Settings::describing();
  findings.expect(trial.info().make(settings, trial.methods()) != nullptr, "", "it makes nothing");
  for (const SettingsDeclaration& declaration : settings.declarations()) {
    findings.expect(!declaration.doc.empty(), "", "setting " + declaration.key + " has no doc");
  }
}

void runs_with_its_defaults(const MethodTrial& trial, Findings& findings) {
  trial.on_each(findings, [&](const MethodProblem& problem) {
    Task task = problem.task();
    Model model = trial.original(problem, task);
    const Tensor before = model.theta().clone();
    const UnlearnReport report = trial.run(model, task);
    findings.expect(report.usable() && at::isfinite(model.theta()).all().item<bool>(), problem.name,
                    "it diverged: " + report.message);
    if (model.theta().equal(before)) {
      // The sentence that the engine adds (unlearner.h) is no reason.
      const bool says_why =
          !report.message.empty() && !report.message.starts_with("nothing changed");
      findings.expect(says_why, problem.name, "it did nothing, and says not why");
    } else {
      findings.expect(report.sample_gradients > 0, problem.name,
                      "it moved theta and counted no cost: context.cost.add_gradients(examples)");
    }
  });
}

void gives_the_same_bits(const MethodTrial& trial, Findings& findings) {
  trial.on_each(findings, [&](const MethodProblem& problem) {
    Task task = problem.task();
    Model a = trial.original(problem, task), b = a.clone();
    trial.run(a, task, 3);
    trial.run(b, task, 3);
    bool same = a.theta().equal(b.theta());
    for (std::size_t i = 0; i < a.buffers().size(); ++i) {
      same = same && a.buffers()[i].equal(b.buffers()[i]);
    }
    findings.expect(same, problem.name,
                    "two runs of one seed differ: draw from context.generator alone");
  });
}

void leaves_the_data_alone(const MethodTrial& trial, Findings& findings) {
  trial.on_each(findings, [&](const MethodProblem& problem) {
    const std::string before = problem.data->content_hash();
    Task task = problem.task();
    Model model = trial.original(problem, task);
    trial.run(model, task);
    findings.expect(problem.data->content_hash() == before, problem.name, "the data changed");
  });
}

// What a method could change by writing where it should only read.
Tensors contents_of(const Model& given, const Task& task) {
  Tensors all = {given.theta().clone()};
  for (const Tensor& buffer : given.buffers()) all.push_back(buffer.clone());
  for (const Subset* subset : {&task.train, &task.forget, &task.retain, &task.validation}) {
    all.push_back(subset->rows.clone());
    if (subset->weights.defined()) all.push_back(subset->weights.clone());
  }
  return all;
}

// A method is handed a copy of the original to edit; the task that it is told is not its own.
bool changes_task(const MethodTrial& trial, const MethodProblem& problem, bool has_weights) {
  Task task = problem.task();
  const Model given = trial.original(problem, task);
  for (Subset* subset : {&task.train, &task.forget, &task.retain}) {
    if (has_weights) subset->weights = at::ones({subset->size()}, at::kDouble);
  }
  const Tensors before = contents_of(given, task);
  Model edited = given.clone();
  trial.run(edited, task);
  const Tensors after = contents_of(given, task);
  return !std::equal(before.begin(), before.end(), after.begin(), after.end(),
                     [](const Tensor& x, const Tensor& y) { return x.equal(y); });
}

void leaves_the_task_alone(const MethodTrial& trial, Findings& findings) {
  trial.on_each(findings, [&](const MethodProblem& problem) {
    bool changed = false;
    try {
      changed = changes_task(trial, problem, /*has_weights=*/true);
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::kTask) throw;  // weights may be refused
      changed = changes_task(trial, problem, /*has_weights=*/false);
    }
    findings.expect(!changed, problem.name,
                    "the given original, or the task's rows or weights, changed");
  });
}

// With the undeclared data replaced by other rows, nothing may change.
void sees_only_what_it_declares(const MethodTrial& trial, Findings& findings) {
  trial.on_each(findings, [&](const MethodProblem& problem) {
    Task task = problem.task();
    Model a = trial.original(problem, task), b = a.clone();
    Task other = task;
    if (!trial.info().needs_retain_data) other.retain = other.retain.with_rows(at::arange(50, 55));
    if (!trial.info().needs_forget_data) other.forget = other.forget.with_rows(at::arange(0, 3));
    trial.run(a, task);
    trial.run(b, other);
    findings.expect(a.theta().equal(b.theta()), problem.name,
                    "its result depends on data that it says it does not need");
  });
}

void estimates_its_cost(const MethodTrial& trial, Findings& findings) {
  trial.on_each(findings, [&](const MethodProblem& problem) {
    Task task = problem.task();
    Model model = trial.original(problem, task);
    const std::optional<double> estimate = trial.method().estimate_cost(task);
    const UnlearnReport report = trial.run(model, task);
    if (!estimate || report.status != UnlearnStatus::kCompleted) return;
    findings.expect(report.sample_gradients <= *estimate * 1.2 + 1000, problem.name,
                    fmt::format("it took {} sample-gradients where it had estimated {}",
                                report.sample_gradients, *estimate));
  });
}

void copes_with_nothing_to_forget(const MethodTrial& trial, Findings& findings) {
  trial.on_each(findings, [&](const MethodProblem& problem) {
    Task task = problem.task();
    task.forget = task.forget.with_rows(at::empty({0}, at::kLong));
    task.retain = task.train;
    Model model = trial.original(problem, task);
    const Tensor before = model.theta().clone();
    trial.method().require(task);
    const UnlearnReport report = trial.run(model, task);
    findings.expect(report.usable(), problem.name,
                    "with nothing to forget it diverged: " + report.message);
    if (!trial.info().needs_retain_data) {
      findings.expect(model.theta().equal(before), problem.name,
                      "it was handed no data at all, and moved theta");
    }
  });
}

void adds_or_refuses_to(const MethodTrial& trial, Findings& findings) {
  trial.on_each(findings, [&](const MethodProblem& problem) {
    Task task = problem.task();
    task.added = task.train.with_rows(at::arange(50, 60));
    task.train = task.train.with_rows(at::arange(0, 50));
    Model model = trial.original(problem, task);
    try {
      findings.expect(trial.run(model, task).usable(), problem.name, "adding, it diverged");
      findings.expect(trial.info().supports_adding, problem.name,
                      "it added, and says that it cannot");
    } catch (const Error& error) {
      findings.expect(!trial.info().supports_adding, problem.name,
                      fmt::format("it says that it can add: {}", error.what()));
    }
  });
}

// An end is asked for from the start: at most what one look at all the data costs is spent.
void stops_without_a_budget(const MethodTrial& trial, Findings& findings) {
  trial.on_each(findings, [&](const MethodProblem& problem) {
    Task task = problem.task();
    Model model = trial.original(problem, task);
    Context context(0);
    context.budget = 0;
    const UnlearnReport report = trial.run(model, task, context);
    findings.expect(report.usable(), problem.name, "it diverged");
    const double once = static_cast<double>(problem.data->size() + kForgotten);
    findings.expect(
        report.status == UnlearnStatus::kStopped || report.sample_gradients <= 3 * once,
        problem.name,
        fmt::format("with a budget of 0 it took {} sample-gradients and ended as '{}': ask "
                    "context.should_stop() between steps",
                    report.sample_gradients, to_string(report.status)));
  });
}

}  // namespace

const std::vector<MethodCheck>& method_checks() {
  static const std::vector<MethodCheck> checks{
      {"DescribesItself", "it says what it is, by which formula, and what each setting does",
       method_describes_itself},
      {"RunsWithItsDefaultsAndCountsItsCost", "its defaults work, and what it does costs something",
       runs_with_its_defaults},
      {"TheSameSeedGivesTheSameBits", "the same seed gives the same bits", gives_the_same_bits},
      {"LeavesTheDataAlone", "the data is not changed", leaves_the_data_alone},
      {"LeavesTheTaskAlone", "the given original, the task's rows and weights are not changed",
       leaves_the_task_alone},
      {"CannotSeeDataThatItDeclaresUnneeded", "it uses no data that it says it does not need",
       sees_only_what_it_declares},
      {"EstimatesItsCostFromAbove", "it costs no more than it estimates", estimates_its_cost},
      {"WithNothingToForgetItIsUsable", "an empty forget set is no catastrophe",
       copes_with_nothing_to_forget},
      {"AddsOrRefusesTo", "it adds data if, and only if, it says so", adds_or_refuses_to},
      {"ABudgetOfNothingStopsIt", "it ends where it is asked to", stops_without_a_budget},
  };
  return checks;
}

}  // namespace oubli::testing
