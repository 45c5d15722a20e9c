#include "experiments/engine/reproduce/paper_runs.h"

#include <ATen/Parallel.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <exception>
#include <utility>

#include "experiments/engine/reproduce/references.h"
#include "experiments/engine/run/jobs.h"
#include "experiments/engine/run/run_stage.h"

namespace oubli {
namespace {

// "SETTING", which takes the value, or "SETTING = ARITHMETIC" with the value in the place of $NAME.
std::string override_of(const std::string& setting, const std::string& name,
                        const std::string& value) {
  const std::size_t equals = setting.find('=');
  if (equals == std::string::npos) return fmt::format("{}={}", setting, value);
  const std::string path = setting.substr(0, setting.find_last_not_of(' ', equals - 1) + 1);
  const std::string arithmetic = with_value(setting.substr(equals + 1), name, value);
  return fmt::format("{}={:.17g}", path, Expression::parse(arithmetic, {setting, 0, 0}).at({}));
}

}  // namespace

std::string to_string(const GridValues& values) {
  std::vector<std::string> parts;
  for (const auto& [name, value] : values) parts.push_back(fmt::format("{}={}", name, value));
  return fmt::format("{}", fmt::join(parts, ", "));
}

std::vector<GridValues> combinations(const std::vector<Variation>& over) {
  std::vector<GridValues> all = {{}};
  for (const Variation& variation : over) {
    std::vector<GridValues> longer;
    for (const GridValues& values : all) {
      for (const std::string& value : variation.values) {
        longer.push_back(values);
        longer.back()[variation.name] = value;
      }
    }
    all = std::move(longer);
  }
  return all;
}

std::vector<std::string> overrides_of(const PaperRun& run, const GridValues& values,
                                      std::int64_t round) {
  std::vector<std::string> overrides = run.overrides;
  for (const Variation& variation : run.over) {
    for (const std::string& setting : variation.settings) {
      overrides.push_back(override_of(setting, variation.name, values.at(variation.name)));
    }
  }
  for (const std::string& setting : run.round_settings) {
    overrides.push_back(fmt::format("{}={}", setting, round));
  }
  return overrides;
}

std::size_t run_here(const Experiment& experiment, const Plan& plan, const Store& store,
                     const Registries& registries) {
  at::set_num_threads(static_cast<int>(experiment.spec.threads));
  std::size_t done = 0;
  try {
    for (const Stage& stage : plan.stages) {
      const bool has_worked =
          run_stage(experiment, plan, stage, registries, store, {.memory = memory_of_job(1)});
      done += has_worked ? 1 : 0;
    }
  } catch (const std::exception&) {
    return done;
  }
  return done;
}

}  // namespace oubli
