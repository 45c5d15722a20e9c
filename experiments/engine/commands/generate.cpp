// `oubli generate FILE`: what the models of an experiment say behind a text.
#include <ATen/ATen.h>
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "core/base/machine_limits.h"
#include "core/base/text.h"
#include "core/nn/generation.h"
#include "datasets/language/token_text.h"
#include "datasets/language/vocabulary.h"
#include "experiments/engine/commands/command.h"
#include "experiments/engine/commands/experiment_options.h"
#include "experiments/engine/commands/original.h"
#include "experiments/engine/commands/waiting.h"
#include "experiments/engine/plan/load.h"
#include "experiments/engine/report/layout.h"
#include "experiments/engine/run/stage_files.h"
#include "experiments/engine/terminal.h"

namespace oubli {
namespace {

struct GenerateOptions : ExperimentOptions {
  std::string prompt;
  std::vector<std::string> rows;
  GenerationOptions how{.tokens = 0};
  std::uint64_t seed = 0;
};

// The first model of each row that is asked for and that is there.
std::vector<const Stage*> finished_models(const GenerateOptions& options, const Plan& plan,
                                          const Store& store, std::vector<std::string>& names) {
  std::vector<const Stage*> models;
  for (const PlannedRow& row : plan.rows) {
    const bool is_wanted =
        options.rows.empty() ||
        std::find(options.rows.begin(), options.rows.end(), row.name) != options.rows.end();
    if (!is_wanted || row.models.empty()) continue;
    const Stage& stage = plan.stages[row.models.front().model];
    if (store.check(stage.key, /*thorough=*/false).state != Store::State::kSound) continue;
    names.push_back(row.name);
    models.push_back(&stage);
  }
  return models;
}

void require_rows(const GenerateOptions& options, const Plan& plan) {
  std::vector<std::string> names;
  for (const PlannedRow& row : plan.rows) names.push_back(row.name);
  for (const std::string& row : options.rows) {
    if (std::find(names.begin(), names.end(), row) == names.end()) {
      throw Error(ErrorKind::kUsage, "--row: " + unknown_name_message("row", row, names));
    }
  }
}

int generate_text(const GenerateOptions& options, const Registries& registries) {
  const Experiment experiment = load_experiment(options, registries);
  const Dataset& data = *experiment.dataset;
  if (!data.is_sequence()) {
    throw Error(ErrorKind::kUsage, fmt::format("'{}' is no language: models of biographies, facts "
                                               "and text generate.",
                                               data.name));
  }
  const TokenList prompt = tokens_of_text(data, options.prompt, "--prompt");
  const Plan plan = load_plan(experiment, registries);
  require_rows(options, plan);
  const Store store(default_store(options.store));
  std::vector<std::string> names;
  std::vector<const Stage*> stages = finished_models(options, plan, store, names);
  if (stages.empty()) {
    stages.push_back(&finished_original(experiment, plan, registries, store));
    names.emplace_back(kOriginalRow);
  }
  GenerationOptions how = options.how;
  how.end = Vocabulary::kEnd;
  const std::int64_t context = data.sequences.positions();
  if (how.tokens == 0) how.tokens = is_of_characters(data) ? 4 * context : context;
  std::size_t widest = 0;
  for (const std::string& name : names) widest = std::max(widest, name.size());
  for (std::size_t i = 0; i < stages.size(); ++i) {
    Generator generator(options.seed);
    CostMeter cost;
    const Model model = stored_model(experiment, store, *stages[i]);
    const TokenList said = generate(model, {prompt}, context, how, generator, cost).front();
    fmt::print("{:<{}}  {}{}{}\n", names[i], widest, options.prompt,
               is_of_characters(data) ? "" : " ", token_text(data, at::tensor(said, at::kLong)));
  }
  if (stages.size() < plan.rows.size() && options.rows.empty()) {
    fmt::print(stderr, "{}",
               wrapped(fmt::format("{} of {} rows are in the store: `oubli run {}` "
                                   "makes the others.",
                                   stages.size(), plan.rows.size(), options.file),
                       terminal_columns(stderr)));
  }
  return 0;
}

}  // namespace

void add_generate_command(CLI::App& program, CommandContext& context) {
  const auto options = std::make_shared<GenerateOptions>();
  CLI::App* generates =
      program.add_subcommand("generate", "let an experiment's language models go on with a text");
  add_experiment_options(*generates, *options);
  generates->add_option("--prompt", options->prompt, "the text that they go on with")->required();
  generates->add_option("--row", options->rows,
                        "row whose first model is asked; several, or all that have run (default)");
  generates
      ->add_option("--tokens", options->how.tokens,
                   "at most so many (default: what the context holds)")
      ->check(CLI::Range(1, 100'000));
  generates
      ->add_option("--temperature", options->how.temperature,
                   "of the softmax that is drawn from; 0 takes the most probable (default)")
      ->check(CLI::NonNegativeNumber);
  generates
      ->add_option("--most-likely", options->how.most_likely,
                   "draw from so many tokens only; 0: from all (default)")
      ->check(CLI::NonNegativeNumber);
  generates->add_option("--seed", options->seed, "of what is drawn (default: 0)");
  generates->callback(
      [options, &context] { context.status = generate_text(*options, context.registries); });
}

}  // namespace oubli
