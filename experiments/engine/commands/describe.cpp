// `oubli describe NAME`: what a method, a data set, a model, a metric, a solver or a part of an
// experiment file is, and every setting it has; and what any key of a file is.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "core/solve/solver.h"
#include "datasets/selection.h"
#include "datasets/selectors/fact_choice.h"
#include "experiments/engine/commands/command.h"
#include "experiments/engine/commands/explain.h"
#include "experiments/engine/plan/request_list.h"
#include "experiments/engine/plan/spec.h"
#include "experiments/engine/report/layout.h"
#include "experiments/engine/terminal.h"

namespace oubli {
namespace {

using Declarations = std::vector<SettingsDeclaration>;

void print(const std::string& text) { fmt::print("{}", wrapped(text, terminal_columns(stdout))); }

// What a setting is, its type and range, and its default.
std::string declaration_text(const SettingsDeclaration& d) {
  const std::string type = d.range.empty() ? d.type : d.type + ": " + d.range;
  return fmt::format("{} ({}; {})", d.doc, type,
                     !d.default_value           ? "required"
                     : d.default_value->empty() ? "optional"
                                                : "default " + *d.default_value);
}

std::string only_with_text(const SettingsDeclaration& d) {
  return d.only_with.empty() ? "" : fmt::format(" (with {})", fmt::join(d.only_with, ", "));
}

void print_settings(const Declarations& declarations, const std::string& heading = "Settings:") {
  if (declarations.empty()) {
    fmt::print("No settings.\n");
    return;
  }
  print(heading);
  for (const SettingsDeclaration& d : declarations) {
    fmt::print("  {}{}\n{}", d.key, only_with_text(d),
               hanging("", 6, declaration_text(d), terminal_columns(stdout)));
  }
}

const char* yes_no(bool value) { return value ? "yes" : "no"; }

// Its own, and those that every method has beside them.
Declarations settings_of_method(const MethodInfo& info, const Methods& methods) {
  return describe([&](const Settings& settings) {
    info.make(settings, methods);
    read_row_name(settings, info.name);
    settings.raw("sweep", "settings to choose by trials: `oubli describe sweep`");
  });
}

Declarations settings_of_edit() {
  return describe([](const Settings& settings) {
    configure_selection(settings);
    read_known_share(settings);
  });
}

Declarations settings_of_change() {
  return describe([](const Settings& settings) { read_fact_choice(settings, /*changes=*/true); });
}

Declarations settings_of_requests() {
  return describe([](const Settings& settings) { read_requests(settings); });
}

Declarations settings_of_sweep(const Registries& registries) {
  return describe([&](const Settings& settings) { declare_sweep(settings, registries.metrics); });
}

void describe_method(const MethodInfo& info, const Methods& methods) {
  print(fmt::format("{} (method): {}", info.name, info.summary));
  print(fmt::format("Source: {}", info.reference));
  print(fmt::format("Needs retain data: {}. Needs forget data: {}. Can add: {}. Exact: {}.",
                    yes_no(info.needs_retain_data), yes_no(info.needs_forget_data),
                    yes_no(info.supports_adding), yes_no(info.exact)));
  if (!info.definition.empty()) {
    fmt::print("{}", hanging("Definition:", 12, info.definition, terminal_columns(stdout)));
  }
  print_settings(settings_of_method(info, methods));
}

void describe_attributor(const AttributorInfo& info) {
  print(fmt::format("{} (attributor): {}", info.name, info.summary));
  print(fmt::format("Source: {}", info.reference));
  fmt::print("{}", hanging("Definition:", 12, info.definition, terminal_columns(stdout)));
  print_settings(describe([&](const Settings& settings) {
    info.make(settings);
    read_row_name(settings, info.name);
    settings.raw("sweep", "settings to choose by lds/1: `oubli describe attribution`");
  }));
}

bool is_in(const std::string& part, const std::string& key) {
  return key == part || key.starts_with(part + ".");
}

// Of the declarations those of some parts: seeds and seeds.training.
Declarations of_parts(const Declarations& all, const std::vector<std::string>& parts) {
  Declarations own;
  for (const SettingsDeclaration& each : all) {
    if (std::any_of(parts.begin(), parts.end(),
                    [&](const std::string& part) { return is_in(part, each.key); })) {
      own.push_back(each);
    }
  }
  return own;
}

// All of a file but for what its data, model, training, edit and methods have of their own.
Declarations of_experiment(const Registries& registries) {
  const Settings settings = Settings::describing();
  read_spec(settings, "experiment.yaml", registries);
  Declarations all = settings.declarations();
  std::erase_if(all, [](const SettingsDeclaration& each) {
    return each.key.starts_with("data.") || each.key.starts_with("train.") ||
           (each.key.starts_with("model.") && each.key != "model.dtype");
  });
  return all;
}

struct Part {
  std::string name, summary;
};

// Parts of an experiment file that can be described by themselves.
const std::vector<Part>& parts() {
  static const std::vector<Part> all = {
      {"experiment", "a file of settings: `oubli run FILE`"},
      {"train", "how the original and every oracle are trained"},
      {"optimizer", "how the training objective is minimised"},
      {"schedule", "how the learning rate changes over the steps"},
      {"edit",
       "what to unlearn, {remove: SELECTOR}, to add, {add: SELECTOR}, or both, each by one "
       "of the selectors below, and which facts become others, {change: {facts: ...}}"},
      {"attribution", "which training examples count for which test, in place of an edit"},
      {"original", "a trained model to edit, in place of one that is trained here"},
      {"evaluate", "sets of test examples that have metrics of their own"},
      {"seeds", "how often everything is repeated"},
      {"relearn", "training again on D, for the metric relearning"},
      {"rtt", "teaching some of the forgotten facts, for the metric rtt"},
      {"verdict", "what verdicts rest on; `oubli explain verdict` says what they are"},
      {"sweep",
       "settings of a method that are chosen rather than given: "
       "`- finetune: {sweep: {over: {lr: [0.01, 0.1]}}}`"}};
  return all;
}

void describe_part(const Part& part, const Registries& registries) {
  print(fmt::format("{}: {}", part.name, part.summary));
  if (part.name == "edit") {
    print_settings(settings_of_edit(), "Under 'remove', and but for those that spoil, 'add':");
    print_settings(settings_of_change(), "Under 'change':");
    print(
        "A list of edits is a sequence of requests, each on what the one before it left. Or "
        "{requests: ...}, with");
    print_settings(settings_of_requests());
  } else if (part.name == "sweep") {
    print_settings(settings_of_sweep(registries));
  } else if (part.name == "train") {
    print_settings(describe(TrainingRecipe::read));
  } else if (part.name == "optimizer" || part.name == "schedule") {
    print_settings(of_parts(describe(TrainingRecipe::read), {part.name}));
  } else if (part.name == "experiment") {
    print_settings(of_experiment(registries));
    print(
        "What stands under train, edit and a method's sweep: `oubli describe train`, edit, sweep. "
        "Names of data sets, models, methods and metrics: `oubli list`. `extends: FILE` begins "
        "from another file.");
  } else {
    print_settings(of_parts(of_experiment(registries), {part.name}));
  }
}

// A setting and whose it is: "newton", "train", "experiment".
struct FoundKey {
  std::string owner;
  SettingsDeclaration declaration;
};

// Every key that an experiment file can have, wherever it may stand.
std::vector<FoundKey> all_keys(const Registries& registries) {
  std::vector<FoundKey> all;
  const auto add = [&](const std::string& owner, const Declarations& declarations) {
    for (const SettingsDeclaration& each : declarations) all.push_back({owner, each});
  };
  add("experiment", of_experiment(registries));
  // Keys that no reader declares, since what stands under them has a grammar of its own.
  add("experiment",
      {{"extends", "text", "", "", "a file to begin from: what this one says stands in its place"},
       {"edit.remove", "map", "", "", "which examples to forget: `oubli describe edit`"},
       {"edit.add", "map", "", "", "which examples to add: `oubli describe edit`"},
       {"edit.change", "map", "", "",
        "which facts become others, {facts: ...} or {subjects: ...}: `oubli describe edit`"},
       {"edit.requests", "map", "", "", "a sequence of edits: `oubli describe edit`"},
       {"solver.name", "text", "", "", "which solver; `oubli list` has their names"},
       {"name", "text", "", "",
        "which one it is, of data, model, optimizer, schedule, curvature, solver or "
        "preconditioner: `name: sgd` beside its settings"}});
  add("train", describe(TrainingRecipe::read));
  add("edit", settings_of_edit());
  add("edit.change", settings_of_change());
  add("edit.requests", settings_of_requests());
  add("sweep", settings_of_sweep(registries));
  for (const MethodInfo& info : registries.methods.entries())
    add(info.name, settings_of_method(info, registries.methods));
  for (const DataSource& source : registries.datasets.entries())
    add(source.name, describe([&](const Settings& settings) { source.configure(settings); }));
  for (const Architecture& architecture : registries.architectures.entries()) {
    add(architecture.name,
        describe([&](const Settings& settings) { architecture.configure(settings); }));
  }
  for (const AttributorInfo& info : registries.attributors.entries())
    add(info.name, describe([&](const Settings& settings) { info.make(settings); }));
  return all;
}

// Those whose key is `name` or ends with it: `lr`, `optimizer.lr`, `train.optimizer.lr`.
std::vector<FoundKey> keys_named(const std::string& name, const Registries& registries) {
  std::vector<FoundKey> found;
  for (const FoundKey& each : all_keys(registries)) {
    const std::string whole = each.owner + "." + each.declaration.key;
    if (each.declaration.key == name || whole == name || whole.ends_with("." + name))
      found.push_back(each);
  }
  return found;
}

// Keys that say the same of several owners stand once.
void print_keys(const std::string& name, const std::vector<FoundKey>& found) {
  print(fmt::format("{}: a setting of an experiment file", name));
  std::vector<std::pair<SettingsDeclaration, std::vector<std::string>>> groups;
  for (const FoundKey& each : found) {
    SettingsDeclaration same = each.declaration;
    same.only_with.clear();
    const auto group = std::find_if(groups.begin(), groups.end(),
                                    [&](const auto& entry) { return entry.first == same; });
    std::string owner =
        each.owner == "experiment" ? each.declaration.key : each.owner + "." + each.declaration.key;
    owner += only_with_text(each.declaration);
    if (group == groups.end()) {
      groups.push_back({same, {owner}});
    } else if (std::find(group->second.begin(), group->second.end(), owner) ==
               group->second.end()) {
      group->second.push_back(owner);
    }
  }
  for (auto& [declaration, owners] : groups) {
    constexpr std::size_t kMost = 8;
    const std::size_t more = owners.size() > kMost ? owners.size() - kMost : 0;
    owners.resize(owners.size() - more);
    fmt::print("\n{}", hanging("", 2,
                               fmt::format("{}{}", fmt::join(owners, ", "),
                                           more > 0 ? fmt::format(" and {} more", more) : ""),
                               terminal_columns(stdout)));
    fmt::print("{}", hanging("", 6, declaration_text(declaration), terminal_columns(stdout)));
    if (!declaration.names.empty()) {
      fmt::print("{}", hanging("", 6, fmt::format("one of: {}", fmt::join(declaration.names, ", ")),
                               terminal_columns(stdout)));
    }
  }
}

void describe_entry(const std::string& name, const Registries& registries) {
  const Registry<SolverInfo> solvers = builtin_solvers();
  const auto part = std::find_if(parts().begin(), parts().end(),
                                 [&](const Part& each) { return each.name == name; });
  if (part != parts().end()) {
    describe_part(*part, registries);
  } else if (registries.methods.contains(name)) {
    describe_method(registries.methods.find(name), registries.methods);
  } else if (registries.datasets.contains(name)) {
    const DataSource& source = registries.datasets.find(name);
    print(fmt::format("{} (data set): {}", name, source.summary));
    print_settings(describe([&](const Settings& settings) { source.configure(settings); }));
  } else if (registries.architectures.contains(name)) {
    const Architecture& architecture = registries.architectures.find(name);
    print(fmt::format("{} (model): {}", name, architecture.summary));
    print_settings(describe([&](const Settings& settings) { architecture.configure(settings); }),
                   "Settings, besides dtype (float32 or float64; default float32):");
  } else if (registries.metrics.contains(name)) {
    explain(name, registries);
  } else if (registries.attributors.contains(name)) {
    describe_attributor(registries.attributors.find(name));
  } else if (solvers.contains(name)) {
    const SolverInfo& info = solvers.find(name);
    print(fmt::format("{} (solver): {}", name, info.summary));
    print(fmt::format("Source: {}", info.reference));
    print_settings(describe([&](const Settings& settings) {
                     info.make(settings, SolverLimits::read(settings));
                   }),
                   "Settings, the first two beside `solver`:");
  } else if (const std::vector<FoundKey> found = keys_named(name, registries); !found.empty()) {
    print_keys(name, found);
  } else {
    std::vector<std::string> names;
    for (const Part& each : parts()) names.push_back(each.name);
    for (const FoundKey& each : all_keys(registries)) names.push_back(each.declaration.key);
    for (const auto& more :
         {registries.methods.names(), registries.datasets.names(), registries.architectures.names(),
          registries.metrics.names(), solvers.names(), registries.attributors.names()}) {
      names.insert(names.end(), more.begin(), more.end());
    }
    throw Error(ErrorKind::kSettings, unknown_name_message("name", name, names));
  }
}

}  // namespace

void add_describe_command(CLI::App& program, CommandContext& context) {
  const auto name = std::make_shared<std::string>();
  CLI::App* describe = program.add_subcommand(
      "describe", "show the formula and the settings of one of them, or what a setting is");
  describe->add_option("NAME", *name, "such as newton, or a key of a file: train.optimizer.lr, lr")
      ->required();
  describe->callback([name, &context] { describe_entry(*name, context.registries); });
}

}  // namespace oubli
