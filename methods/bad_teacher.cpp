// Bad teaching (blindspot unlearning): two teachers, one of which knows nothing.
//
//   min  mean over D_u of KL(softmax(f_b / T) || softmax(f / T))
//          + over D_r of KL(softmax(f_o / T) || softmax(f / T)),   each times T^2
//
// f_o is the original, f_b the same network with parameters drawn anew; an epoch is a pass over D_u
// and a drawn share of D_r in one random order. Source: Chundawat et al. 2023 (arXiv 2205.08096).
// The released code averages the divergence over classes too, so that its rate is C times as small:
// here it is summed, as in the paper. D_u is pushed towards a uniform prediction, which a retrained
// model does not have. l2 is left out: there is no loss for it to regularise. Cost: 5/3 (m + share
// n_r) for each epoch.
#include <ATen/ATen.h>

#include "core/train/descent_settings.h"
#include "core/unlearn/retain_share.h"
#include "core/unlearn/teacher.h"
#include "core/unlearn/unlearner.h"

namespace oubli {
namespace {

class BadTeacher : public Unlearner {
 public:
  explicit BadTeacher(const Settings& settings)
      : temperature_(settings.real("temperature",
                                   {.default_value = 1, .above = 0, .doc = "T of both softmaxes"})),
        share_(RetainShare::read(settings)),
        steps_(DescentSettings::read(
            settings, {.epochs = 1, .lr = 1e-4, .optimizer = "adam", .batch_size = 256},
            "the forget set and the share of what remains")) {}

  std::optional<double> estimate_cost(const Task& task) const override {
    const double examples = static_cast<double>(task.forget.size()) +
                            share_.share * static_cast<double>(task.retain.size());
    return 5.0 / 3.0 * examples * static_cast<double>(steps_.epochs);
  }

  UnlearnReport unlearn(Model& model, const Task& task, Context& context) const override {
    const Teacher original(model);
    Model untrained = model.clone();
    Generator initialisation = context.generator.stream("initialisation");
    untrained.initialise(initialisation);
    const Teacher ignorant(untrained);
    TrainingRecipe recipe = steps_.recipe(task.recipe);
    recipe.objective.l2 = 0;
    Descent descent(model, recipe, context);
    BatchStream all = descent.batches(share_.with_forget_set(task, context));
    while (descent.next_epoch()) {
      for (const Batch& batch : all) {
        const Tensor given = at::where(is_forgotten(batch, task), ignorant.outputs(batch, context),
                                       original.outputs(batch, context));
        descent.step(descent.loss(batch, [&](const Tensor& outputs) {
          return divergence(task.objective(), given, outputs, temperature_);
        }));
      }
    }
    return report_of(descent.report());
  }

 private:
  double temperature_;
  RetainShare share_;
  DescentSettings steps_;
};

}  // namespace

MethodInfo bad_teacher_method() {
  return {.name = "bad_teacher",
          .summary = "learns from an untrained teacher on the forget set, from the original else",
          .reference = "Chundawat et al. 2023, arXiv 2205.08096",
          .definition =
              "Steps on the mean of T^2 KL(softmax(teacher / T) || softmax(model / T)) over the "
              "forget set, whose teacher has parameters drawn anew, and a drawn share of what "
              "remains, whose teacher is the original; without l2.",
          .needs_retain_data = true,
          .needs_forget_data = true,
          .supports_adding = false,
          .make = make_unlearner<BadTeacher>};
}

}  // namespace oubli
