// Trains an original again without one example, for some examples: what effects are held to.
#include <ATen/ATen.h>

#include <algorithm>
#include <chrono>

#include "core/attribution/leave_one_out.h"
#include "core/data/drawing.h"
#include "core/nn/tensor_file.h"
#include "experiments/engine/run/stages/attribution_files.h"
#include "experiments/engine/run/stages/stage_type.h"

namespace oubli {
namespace {

// Positions in the training set, ascending: those with the largest effects over all tests, and some
// of the others at random.
Tensor chosen_positions(const StageRun& run, Context& context) {
  const LeaveOneOutTruth& truth = *run.experiment.spec.attribution->left_out;
  const std::int64_t n = run.experiment.task.train.size();
  Tensor others = at::arange(n), largest = at::empty({0}, at::kLong);
  if (truth.of) {
    const Tensor effect = stored_effects(run, run.stage.inputs[1], 1).front();
    if (!effect.defined()) {
      throw Error(ErrorKind::kNumerics, "the row whose largest effects are left out has none: " +
                                            run.input_report(1).at("message").get<std::string>());
    }
    const Tensor order = effect.abs().sum(1).argsort(/*stable=*/true, 0, /*descending=*/true);
    largest = std::get<0>(order.narrow(0, 0, std::min(truth.largest, n)).sort());
    others = rows_difference(others, largest);
  }
  Generator draws = context.generator.stream("left out");
  const std::int64_t count = std::min(truth.random, others.numel());
  return count == 0 ? largest : rows_union(largest, drawn_rows(others, count, draws));
}

Tensor test_losses(const Model& model, const AttributionTask& task, CostMeter& cost) {
  const Batch all = task.tests.batch(0, task.tests.size(), model.dtype());
  const Tensor outputs = predict(model, task.tests, cost);
  return task.loss().losses(outputs, all.targets).to(at::kDouble);
}

TensorFile left_out(const StageRun& run, const AttributionTask& task, Context& context) {
  const Model model = run.input_model(0);
  CostMeter looking;
  const Tensor before = test_losses(model, task, looking);
  const Tensor positions = chosen_positions(run, context);
  Tensors changes;
  for (std::int64_t k = 0; k < positions.numel(); ++k) {
    const Model without = trained_without(model, task.train, positions[k].item<std::int64_t>(),
                                          task.recipe, task.training, context);
    changes.push_back(test_losses(without, task, looking) - before);
    context.progress(static_cast<double>(k + 1) / static_cast<double>(positions.numel()));
  }
  return {{{"positions", positions},
           {"rows", task.train.rows.index_select(0, positions)},
           {"changes", at::stack(changes)}},
          {}};
}

// What cannot be had is said, and takes no other score with it.
void run_leaving_out(const StageRun& run) {
  const auto start = std::chrono::steady_clock::now();
  Context context = run.context();
  Json report = {{"usable", true}, {"message", ""}};
  try {
    write_tensors(run.folder / kLeftOutFile,
                  left_out(run, attribution_task(run, run.stage.inputs.front()), context));
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::kNumerics) throw;
    report = {{"usable", false}, {"message", error.what()}};
  }
  report["sample_gradients"] = context.cost.sample_gradients();
  report["seconds"] =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  write_json(run.folder / kReportFile, report);
}

}  // namespace

StageType left_out_stage() {
  return {[](const Stage& stage) {
            return fmt::format("examples left out of original {}", stage.training_seed);
          },
          run_leaving_out};
}

}  // namespace oubli
