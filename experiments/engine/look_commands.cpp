// The commands that look at things: list, store, data.
#include <fmt/format.h>
#include <unistd.h>

#include "core/solve/solver.h"
#include "datasets/fetch.h"
#include "experiments/engine/commands.h"
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
  fmt::print(
      "`oubli describe NAME` shows the formula and the settings of one, `oubli describe "
      "experiment` "
      "what a file may say.\n");
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
