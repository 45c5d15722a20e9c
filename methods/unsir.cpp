// UNSIR: noise that a class is worst at stands for it, and is learnt as the class.
//
//   N_c    for each forgotten class c: B inputs of standard noise, then Adam on
//          - mean l(N, c) + decay mean_b |N_b|^2, theta held, evaluation mode
//   impair  epochs over `copies` times each N_c, labelled c, and up to `per_class` drawn examples
//           of every other class
//   repair  epochs over these examples alone
//
// Source: Tarun et al. 2023 (arXiv 2111.08947), settings of their CIFAR-10 notebook. No forgotten
// example is looked at, only what its classes are: D_u must be all of them, Error(kTask) otherwise.
// Noise is of normalised inputs. Augmentation is off. Cost: 2/3 B `noise_steps` for each class, and
// what is passed over.
#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>

#include "core/data/drawing.h"
#include "core/train/descent_settings.h"
#include "core/unlearn/input_gradients.h"
#include "core/unlearn/relabelling.h"
#include "core/unlearn/unlearner.h"

namespace oubli {
namespace {

class Unsir : public Unlearner {
 public:
  explicit Unsir(const Settings& settings)
      : noise_examples_(settings.integer(
            "noise_examples",
            {.default_value = 256, .at_least = 1, .doc = "inputs of noise for each class"})),
        copies_(settings.integer(
            "copies", {.default_value = 20, .at_least = 0, .doc = "of them in an epoch"})),
        noise_steps_(settings.integer(
            "noise_steps",
            {.default_value = 40, .at_least = 0, .doc = "steps that raise its loss"})),
        noise_lr_(settings.real("noise_lr",
                                {.default_value = 0.1, .above = 0, .doc = "rate of these (Adam)"})),
        noise_decay_(settings.real(
            "noise_decay",
            {.default_value = 0.1, .at_least = 0, .doc = "weight of the noise's squared norm"})),
        per_class_(settings.integer(
            "per_class",
            {.default_value = 1000, .at_least = 1, .doc = "examples of each other class at most"})),
        repair_epochs_(settings.integer(
            "repair_epochs",
            {.default_value = 1, .at_least = 0, .doc = "passes over the examples alone"})),
        repair_lr_(settings.real("repair_lr",
                                 {.default_value = 0.01, .above = 0, .doc = "rate of these"})),
        steps_(DescentSettings::read(
            settings, {.epochs = 1, .lr = 0.02, .optimizer = "adam", .batch_size = 256},
            "the noise and the drawn examples")) {}

  std::optional<double> estimate_cost(const Task& task) const override {
    const auto classes = static_cast<double>(task.forget.dataset->outputs);
    const auto noise = static_cast<double>(noise_examples_) * classes;
    const double drawn = std::min(static_cast<double>(task.retain.size()),
                                  static_cast<double>(per_class_) * classes);
    return 2.0 / 3.0 * noise * static_cast<double>(noise_steps_) +
           (noise * static_cast<double>(copies_) + drawn) * static_cast<double>(steps_.epochs) +
           drawn * static_cast<double>(repair_epochs_);
  }

  UnlearnReport unlearn(Model& model, const Task& task, Context& context) const override {
    require_classes(task, "unsir");
    const Tensor classes = whole_classes(task);
    const Subset drawn = drawn_examples(task, context);
    TrainingRecipe recipe = steps_.recipe(task.recipe);
    recipe.augmentation = {};
    UnlearnReport report;
    if (classes.numel() > 0) {
      Json noise;
      const Subset impairing = with_noise(drawn, classes, model, task, context, noise);
      report = report_of(train(model, impairing, recipe, context));
      report.details["noise"] = noise;
    }
    if (report.status != UnlearnStatus::kCompleted || repair_epochs_ == 0) return report;
    if (context.should_stop()) {
      report.status = UnlearnStatus::kStopped;
      report.message = "stopped before the repair";
      return report;
    }
    recipe.epochs = repair_epochs_;
    recipe.optimizer.lr = repair_lr_;
    Context repair = context;
    repair.generator = context.generator.stream("repair");
    const UnlearnReport repaired = report_of(train(model, drawn, recipe, repair));
    report.status = repaired.status;
    report.message = repaired.message;
    report.details["repair"] = repaired.details;
    context.cost = repair.cost;
    return report;
  }

 private:
  static Tensor whole_classes(const Task& task) {
    const auto labels = [](const Subset& subset) {
      return subset.dataset->targets.index_select(0, subset.rows);
    };
    const Tensor classes = std::get<0>(at::_unique(labels(task.forget)));
    const std::int64_t left = at::isin(labels(task.retain), classes).sum().item<std::int64_t>();
    if (left == 0) return classes;
    throw Error(ErrorKind::kTask,
                fmt::format("unsir forgets whole classes: {} of the examples that remain are of "
                            "the forget set's classes",
                            left));
  }

  Subset drawn_examples(const Task& task, const Context& context) const {
    Generator draw = context.generator.stream("examples");
    const Tensor labels = task.retain.dataset->targets.index_select(0, task.retain.rows);
    Tensors rows;
    for (std::int64_t c = 0; c < task.retain.dataset->outputs; ++c) {
      const Tensor own = task.retain.rows.index({labels.eq(c)});
      rows.push_back(drawn_rows(own, std::min(per_class_, own.numel()), draw));
    }
    return task.retain.with_rows(std::get<0>(at::cat(rows).sort()));
  }

  // The drawn examples and copies of each class's noise, over a data set of their own.
  Subset with_noise(const Subset& drawn, const Tensor& classes, const Model& model,
                    const Task& task, Context& context, Json& report) const {
    const Batch examples = drawn.batch(0, drawn.size(), model.dtype());
    Tensors inputs{examples.inputs}, targets{examples.targets}, rows{at::arange(drawn.size())};
    Generator draw = context.generator.stream("noise");
    for (std::int64_t i = 0; i < classes.numel(); ++i) {
      const Tensor labels = at::full({noise_examples_}, classes[i].item<std::int64_t>(), at::kLong);
      inputs.push_back(
          noise(labels, examples.inputs, model, task.objective(), draw, context, report));
      targets.push_back(labels);
      rows.push_back(
          (drawn.size() + i * noise_examples_ + at::arange(noise_examples_)).repeat({copies_}));
    }
    Dataset own;
    own.name = task.retain.dataset->name;
    own.inputs = at::cat(inputs);
    own.targets = own.true_targets = at::cat(targets);
    own.outputs = task.retain.dataset->outputs;
    own.class_names = task.retain.dataset->class_names;
    return {std::make_shared<const Dataset>(std::move(own)), at::cat(rows), {}};
  }

  Tensor noise(const Tensor& labels, const Tensor& like, const Model& model,
               const Objective& objective, Generator& draw, Context& context, Json& report) const {
    std::vector<std::int64_t> shape = like.sizes().vec();
    shape[0] = labels.numel();
    const auto loss_of = [&](const Tensor& inputs) {
      return objective.losses(model.forward(inputs), labels).mean().item<double>();
    };
    Tensor noise = draw.normal(shape, model.dtype());
    const double first = loss_of(noise);
    const auto optimizer = make_optimizer({.name = "adam", .lr = noise_lr_});
    const Tensor flat = noise.view({-1});
    for (std::int64_t step = 0; step < noise_steps_ && !context.should_stop(); ++step) {
      const Tensor slope = input_gradients(model, objective, noise, labels, context.cost).gradients;
      Tensor descent = (2 * noise_decay_ * noise - slope) / static_cast<double>(labels.numel());
      optimizer->step(flat, descent.reshape({-1}), noise_lr_);
    }
    context.cost.add_forwards(2 * labels.numel());
    report.push_back({{"first_loss", first}, {"last_loss", loss_of(noise)}});
    return noise;
  }

  std::int64_t noise_examples_, copies_, noise_steps_;
  double noise_lr_, noise_decay_;
  std::int64_t per_class_, repair_epochs_;
  double repair_lr_;
  DescentSettings steps_;
};

}  // namespace

MethodInfo unsir_method() {
  return {
      .name = "unsir",
      .summary = "learns noise of the largest loss as the forgotten class, and repairs",
      .reference = "Tarun et al. 2023, arXiv 2111.08947",
      .definition =
          "For each forgotten class c noise_examples standard normal inputs N take noise_steps "
          "steps of Adam on -mean l(N, c) + noise_decay mean |N_b|^2. Then epochs over `copies` "
          "times all noise, labelled with its class, and up to per_class drawn examples of "
          "each other class, and repair_epochs at repair_lr over these examples alone; "
          "without augmentation.",
      .needs_retain_data = true,
      .needs_forget_data = true,
      .supports_adding = true,
      .make = make_unlearner<Unsir>};
}

}  // namespace oubli
