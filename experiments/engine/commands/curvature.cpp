// `oubli curvature FILE`: what the curvature of an experiment's original looks like, how much
// damping a solve needs, and what it would cost.
#include "core/curvature/curvature.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cmath>
#include <memory>

#include "core/base/machine_limits.h"
#include "core/base/text.h"
#include "core/evaluate/statistics/estimate.h"
#include "core/solve/damping.h"
#include "core/solve/solver.h"
#include "core/solve/spectrum.h"
#include "experiments/engine/commands/command.h"
#include "experiments/engine/commands/experiment_options.h"
#include "experiments/engine/commands/original.h"
#include "experiments/engine/commands/print_table.h"
#include "experiments/engine/plan/load.h"
#include "experiments/engine/report/output.h"
#include "experiments/engine/report/result_folder.h"
#include "experiments/engine/report/spectrum_plot.h"
#include "experiments/engine/run/stage_files.h"
#include "experiments/engine/terminal.h"

namespace oubli {
namespace {

struct CurvatureOptions : ExperimentOptions {
  std::string curvature = "hessian";
  std::int64_t steps = 40;  // of Lanczos, for each probe
  std::int64_t probes = 4;
  std::string output;
};

double seconds_of_product(const LinearOperator& matrix, Generator& generator) {
  const Tensor v = generator.normal({matrix.dim(), 1}, at::kDouble);
  matrix.apply(v);  // whatever is made once
  const auto start = std::chrono::steady_clock::now();
  matrix.apply(v);
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

std::string end_text(double value, double residual) {
  return fmt::format("{:.4g} (an eigenvalue is within {:.1g})", value, residual);
}

// What conjugate gradients need to bring the error down by `tolerance`, from their classical bound.
double expected_iterations(double condition, double tolerance) {
  return std::ceil(0.5 * std::sqrt(condition) * std::log(2 / tolerance));
}

void print_solve(const LinearOperator& matrix, double l2, double examples, double seconds,
                 Generator& generator) {
  const DampingChoice damping = choose_damping(matrix, l2, generator);
  fmt::print("\nSuggested {}.\n", damping.why);
  const SolverLimits limits;
  // The eigenvalues that a short run does not see lie between the regulariser and what it saw.
  const double floor = damping.value + std::min(damping.smallest, l2);
  if (!(floor > 0)) {
    fmt::print("No solve is sure to end: nothing keeps the eigenvalues above 0.\n");
    return;
  }
  const double iterations =
      std::min(expected_iterations((damping.largest + damping.value) / floor, limits.tolerance),
               static_cast<double>(matrix.dim()));
  if (matrix.column_cost() == 0) {
    fmt::print("A solve inverts it by its structure, without a visit to the data.\n");
    return;
  }
  fmt::print(
      "A solve by conjugate gradients to {:.0e} takes at most about {:.0f} products:\n"
      "  one   {:>9.3g} sample-gradients  {:>8.2g} s\n"
      "  all   {:>9.3g} sample-gradients  {:>8.2g} s  {:.3g} gradients of the training set\n",
      limits.tolerance, iterations, matrix.column_cost(), seconds,
      iterations * matrix.column_cost(), iterations * seconds,
      iterations * matrix.column_cost() / examples);
}

SpectrumEstimate print_matrix(const LinearOperator& matrix, const CurvatureOptions& options,
                              double l2, double examples) {
  Generator generator(0);
  const auto steps = std::min<std::int64_t>(options.steps, matrix.dim());
  const SpectrumEstimate spectrum = estimate_spectrum(matrix, steps, options.probes, generator);
  const double seconds = seconds_of_product(matrix, generator);
  fmt::print("\n{}\n", matrix.describe());
  if (!spectrum.is_finite) {
    throw Error(ErrorKind::kNumerics, "a product with the curvature matrix is not finite");
  }
  fmt::print("  smallest eigenvalue  {}\n",
             end_text(spectrum.smallest, spectrum.smallest_residual));
  fmt::print("  largest eigenvalue   {}\n", end_text(spectrum.largest, spectrum.largest_residual));
  const Estimate trace = estimate_mean(spectrum.traces);
  fmt::print("  trace                {:.4g} {}\n", trace.mean,
             trace.half_width ? fmt::format("± {:.2g} (95 % interval over {} probes)",
                                            *trace.half_width, trace.n)
                              : "(one probe: error unknown)");
  fmt::print("  mean eigenvalue      {:.4g}\n\n{}",
             spectrum.trace / static_cast<double>(matrix.dim()),
             spectrum_plot(spectrum, matrix.dim(), terminal_columns(stdout)));
  print_solve(matrix, l2, examples, seconds, generator);
  return spectrum;
}

// spectrum-KIND.json, beside the results of runs.
void write_spectrum(const ResultFolder& output, const std::string& kind,
                    const LinearOperator& matrix, const SpectrumEstimate& spectrum) {
  const Json json = {{"format", 1},
                     {"kind", kind},
                     {"matrix", matrix.describe()},
                     {"dim", matrix.dim()},
                     {"smallest", spectrum.smallest},
                     {"largest", spectrum.largest},
                     {"traces", spectrum.traces},
                     {"nodes", as_vector<double>(spectrum.nodes)},
                     {"weights", as_vector<double>(spectrum.weights)},
                     {"probes", as_vector<double>(spectrum.probes)}};
  const std::string name = fmt::format("spectrum-{}.json", kind);
  output.replace([&](const std::string& there) { return there == name; },
                 [&](const std::filesystem::path& folder) { write_json(folder / name, json); });
  fmt::print("Written to {}\n", printable((output.path() / name).string()));
  print_how_to_show(output.path());
}

int show_curvature(const CurvatureOptions& options, const Registries& registries) {
  const CurvatureKind kind = curvature_kind(options.curvature);
  const Experiment experiment = load_experiment(options, registries);
  const ResultFolder output(output_folder(options.output, options.file));
  const Plan plan = load_plan(experiment, registries);
  const Store store(default_store(options.store));
  at::set_num_threads(static_cast<int>(experiment.spec.threads));
  const Stage& trained = finished_original(experiment, plan, registries, store);
  const Model model = stored_model(experiment, store, trained);
  at::set_num_threads(static_cast<int>(available_cores()));
  const Task& task = experiment.task;
  CostMeter cost;
  const ObjectiveValue value = value_and_gradient(model, task.train, task.objective(), cost);
  fmt::print("{}\nThe original of seed 0: {} parameters, {} training examples.\n",
             experiment.spec.title, model.dim(), task.train.size());
  fmt::print("Objective {:.5g} (mean loss {:.5g}, l2 {:.3g}), gradient norm {:.3g}.\n",
             value.objective, value.loss, task.objective().l2,
             value.gradient.norm().item<double>());
  const OperatorPtr matrix =
      make_curvature({.kind = kind, .data = {.cache = available_memory() / 4}}, model, task.train,
                     task.objective(), cost, Generator(0));
  if (const auto* data = dynamic_cast<const DataOperator*>(matrix.get())) {
    const std::vector<std::string> without = data->parameters_without_rules();
    if (!without.empty()) {
      fmt::print("Differentiated automatically, without rules of their layers: {}.\n",
                 fmt::join(without, ", "));
    }
  }
  const SpectrumEstimate spectrum =
      print_matrix(*matrix, options, task.objective().l2, static_cast<double>(task.train.size()));
  if (const auto* data = dynamic_cast<const DataOperator*>(matrix.get())) {
    fmt::print("Kept between products: {} of {} batches, {:.3g} MB.\n", data->kept_batches(),
               data->batches(), static_cast<double>(data->kept_bytes()) / 1e6);
  }
  write_spectrum(output, options.curvature, *matrix, spectrum);
  return 0;
}

}  // namespace

void add_curvature_command(CLI::App& program, CommandContext& context) {
  const auto options = std::make_shared<CurvatureOptions>();
  CLI::App* shape = program.add_subcommand("curvature",
                                           "show the spectrum of an original's curvature, the "
                                           "damping it needs and what a solve costs");
  add_experiment_options(*shape, *options);
  shape->add_option("--curvature", options->curvature, "hessian (default), ggn, kfac or ekfac")
      ->check(CLI::IsMember(curvature_names()));
  shape->add_option("--steps", options->steps, "Lanczos steps for each probe (default: 40)")
      ->check(CLI::Range(2, 10'000));
  shape->add_option("--probes", options->probes, "random starts (default: 4)")
      ->check(CLI::Range(1, 1000));
  shape->add_option("--output", options->output,
                    "folder for the spectrum as JSON (default: results/NAME)");
  shape->callback(
      [options, &context] { context.status = show_curvature(*options, context.registries); });
}

}  // namespace oubli
