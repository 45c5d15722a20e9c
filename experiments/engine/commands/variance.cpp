// `oubli variance RESULTS`: how much of the decisive columns' scatter comes from training and how
// much from unlearning.
#include "core/evaluate/statistics/variance.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/evaluate/statistics/bootstrap.h"
#include "core/evaluate/statistics/moments.h"
#include "experiments/engine/commands/command.h"
#include "experiments/engine/commands/paragraph.h"
#include "experiments/engine/report/cell_text.h"
#include "experiments/engine/report/results.h"
#include "experiments/engine/report/verdict.h"
#include "experiments/engine/terminal.h"

namespace oubli {
namespace {

std::string bootstrap_text(const std::vector<double>& values) {
  if (values.size() < 2) return "-";
  const Interval interval = bootstrap(values, [](const std::vector<double>& drawn) {
                              return moments(drawn).mean;
                            }).interval;
  return fmt::format("[{:.4g}, {:.4g}]", interval.lower, interval.upper);
}

int show_variance(const std::string& folder, const Registries& registries) {
  const Results results = load_results_by_seed(folder, registries.metrics);
  const auto deviation = [](const std::optional<double>& variance) {
    return variance ? fmt::format("{:.3g}", std::sqrt(*variance)) : std::string("-");
  };
  // Bootstrap intervals where there is room for them.
  const bool wide = terminal_columns(stdout) >= 110;
  const auto print_row = [&](const std::vector<std::string>& cells, std::size_t name_width) {
    // The sign of ± takes one byte more than it shows.
    const std::size_t mean = cells[2].find("±") == std::string::npos ? 20 : 21;
    fmt::print("{:<{}}  {:<21} {:>{}} ", cells[0], name_width, cells[1], cells[2], mean);
    if (wide) fmt::print("{:>22} ", cells[3]);
    fmt::print("{:>9} {:>8}\n", cells[4], cells[5]);
  };
  std::size_t width = 3;
  for (const RowResult& row : results.rows) width = std::max(width, row.name.size());
  fmt::print("{}\n\n", results.title);
  bool is_empty = true;
  print_row({"row", "column", "mean", "bootstrap 95 %", "training", "runs"}, width);
  for (const RowResult& row : results.rows) {
    for (const std::string& column : decisive_columns(results)) {
      std::vector<std::vector<double>> values;
      if (row.is_noise_floor()) {
        for (const double value : results.oracle_values(row, column)) values.push_back({value});
      } else if (!row.at_least(column)) {
        for (const auto& [seed, runs] : row.values_by_seed(column)) values.push_back(runs);
      }
      if (values.empty()) continue;
      is_empty = false;
      const VarianceSplit split = split_variance(values);
      const Estimate mean = *row.cell(column);
      std::vector<double> means;
      means.reserve(values.size());
      for (const std::vector<double>& runs : values) means.push_back(moments(runs).mean);
      std::optional<double> training = split.training_variance;
      if (!split.unlearning_variance && means.size() > 1) training = moments(means).variance;
      print_row({row.name, column, cell_text(mean), wide ? bootstrap_text(means) : "",
                 deviation(training), deviation(split.unlearning_variance)},
                width);
    }
  }
  fmt::print("\n{}",
             paragraph("training: standard deviation between models trained with other seeds "
                       "(between oracles, in the noise floor). runs: between runs of a method on "
                       "one of them; without a second run (seeds.unlearning) it is part of the "
                       "former. Intervals are over training seeds: Student's, and where there "
                       "are 110 columns the BCa bootstrap's, too narrow for few seeds."));
  if (is_empty) std::fputs("oubli: no row has a number.\n", stderr);
  return is_empty ? 1 : 0;
}

}  // namespace

void add_variance_command(CLI::App& program, CommandContext& context) {
  const auto folder = std::make_shared<std::string>();
  CLI::App* variance =
      program.add_subcommand("variance", "split a run's scatter into training and unlearning");
  variance->add_option("RESULTS", *folder, "folder of results")->required();
  variance->callback(
      [folder, &context] { context.status = show_variance(*folder, context.registries); });
}

}  // namespace oubli
