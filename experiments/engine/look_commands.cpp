// The commands that look at things: list, describe, store, data.
#include <fmt/format.h>
#include <unistd.h>

#include "core/solve/solver.h"
#include "datasets/fetch.h"
#include "datasets/selection.h"
#include "experiments/engine/commands.h"
#include "experiments/engine/spec.h"
#include "experiments/engine/store.h"

namespace oubli {
namespace {

template <typename Entry>
void print_entries(const Registry<Entry>& registry, const std::string& heading) {
  fmt::print("{}\n", heading);
  for (const Entry& entry : registry.entries()) {
    fmt::print("  {:<20} {}\n", entry.name, entry.summary);
  }
}

void print_settings(const Settings& settings) {
  const std::vector<SettingsDeclaration> declarations = settings.declarations();
  if (declarations.empty()) {
    fmt::print("  no settings\n");
    return;
  }
  for (const SettingsDeclaration& d : declarations) {
    const std::string type = d.range.empty() ? d.type : d.type + ": " + d.range;
    fmt::print("  {}\n      {} ({}; {})\n", d.key, d.doc, type,
               d.default_value ? "default " + *d.default_value : "required");
  }
}

std::string yes_no(bool value) { return value ? "yes" : "no"; }

std::string size_text(double bytes) {
  for (const char* unit : {"B", "kB", "MB"}) {
    if (bytes < 1000) return fmt::format("{:.4g} {}", bytes, unit);
    bytes /= 1000;
  }
  return fmt::format("{:.4g} GB", bytes);
}

double entry_bytes(const Json& description) {
  double bytes = 0;
  for (const auto& [name, file] : description.at("files").items()) {
    bytes += file.at("bytes").get<double>();
  }
  return bytes;
}

}  // namespace

int list_entries(const Registries& registries) {
  print_entries(registries.methods, "methods");
  print_entries(registries.datasets, "data sets");
  print_entries(registries.architectures, "models");
  print_entries(registries.metrics, "metrics");
  print_entries(builtin_solvers(), "solvers");
  fmt::print("`oubli describe NAME` shows the settings of one.\n");
  return 0;
}

int describe_entry(const std::string& name, const Registries& registries) {
  const Settings settings = Settings::describing();
  if (registries.methods.contains(name)) {
    const MethodInfo& info = registries.methods.find(name);
    info.make(settings);
    read_row_name(settings, name);
    settings.raw("sweep", "settings to choose by trials: over or list, objective, budget");
    fmt::print(
        "{} (method): {}\nSource: {}\nNeeds retain data: {}. Needs forget data: {}. Can add: "
        "{}. Exact: {}.\nSettings:\n",
        name, info.summary, info.reference, yes_no(info.needs_retain_data),
        yes_no(info.needs_forget_data), yes_no(info.supports_adding), yes_no(info.exact));
    print_settings(settings);
  } else if (registries.datasets.contains(name)) {
    const DataSource& source = registries.datasets.find(name);
    source.configure(settings);
    fmt::print("{} (data set): {}\nSettings:\n", name, source.summary);
    print_settings(settings);
  } else if (registries.architectures.contains(name)) {
    const Architecture& architecture = registries.architectures.find(name);
    architecture.configure(settings);
    fmt::print("{} (model): {}\nSettings, besides dtype and weights:\n", name,
               architecture.summary);
    print_settings(settings);
  } else if (registries.metrics.contains(name)) {
    fmt::print("{} (metric): {}\n", name, registries.metrics.find(name).summary);
  } else if (const Registry<SolverInfo> solvers = builtin_solvers(); solvers.contains(name)) {
    const SolverInfo& info = solvers.find(name);
    info.make(settings, SolverLimits::read(settings));
    fmt::print("{} (solver): {}\nSource: {}\nSettings, the first two beside `solver`:\n", name,
               info.summary, info.reference);
    print_settings(settings);
  } else if (name == "train") {
    TrainingRecipe::read(settings);
    fmt::print("train: how the original and every oracle are trained\nSettings:\n");
    print_settings(settings);
  } else if (name == "edit") {
    configure_selection(settings);
    fmt::print(
        "edit: what to unlearn, {{remove: SELECTOR}}, to add, {{add: SELECTOR}}, or both, each by "
        "one of these\nSettings:\n");
    print_settings(settings);
  } else {
    std::vector<std::string> names = registries.methods.names();
    for (const auto& more :
         {registries.datasets.names(), registries.architectures.names(), registries.metrics.names(),
          builtin_solvers().names(), std::vector<std::string>{"train", "edit"}}) {
      names.insert(names.end(), more.begin(), more.end());
    }
    throw Error(ErrorKind::kSettings, unknown_name_message("name", name, names));
  }
  return 0;
}

int store_action(const std::string& action, const std::string& folder) {
  const Store store(default_store(folder));
  const bool thorough = action != "ls";
  double bytes = 0;
  std::size_t count = 0, damaged = 0;
  for (const std::string& key : store.keys()) {
    const Store::Check check = store.check(key, thorough);
    ++count;
    if (check.state != Store::State::kSound) {
      ++damaged;
      fmt::print("{}  damaged: {}\n", key, check.problem);
      if (action == "gc") store.remove(key);
      continue;
    }
    const Json description = store.describe(key);
    const double size = entry_bytes(description);
    bytes += size;
    if (action == "ls") {
      fmt::print("{}  {:>9}  {}\n", key, size_text(size), description.value("label", ""));
    }
  }
  fmt::print("{}: {} entries, {}", store.folder().string(), count - damaged, size_text(bytes));
  if (action == "gc") {
    fmt::print("; removed {} damaged and {} unfinished", damaged, store.sweep());
  } else if (damaged > 0) {
    fmt::print("; {} damaged (`oubli store gc` removes them, a run does them again)", damaged);
  }
  fmt::print("\n");
  return damaged > 0 && action != "gc" ? 1 : 0;
}

int fetch_data(const FetchCommand& command) {
  const bool terminal = ::isatty(STDERR_FILENO) != 0;
  FetchOptions options{.from = command.from, .destination = command.data, .progress = {}};
  options.progress = [&](const FetchProgress& progress) {
    if (!terminal) return;
    const std::string total =
        progress.total > 0 ? " of " + size_text(static_cast<double>(progress.total)) : "";
    fmt::print(stderr, "\r\x1b[K{}: {}{}", progress.file,
               size_text(static_cast<double>(progress.done)), total);
  };
  const FetchReport report = fetch_dataset(command.name, options);
  if (terminal) fmt::print(stderr, "\r\x1b[K");
  for (const std::string& file : report.fetched) fmt::print("fetched and checked: {}\n", file);
  for (const std::string& file : report.already_there) fmt::print("already there: {}\n", file);
  fmt::print("{} is in {}\n", command.name, report.folder.string());
  return 0;
}

}  // namespace oubli
