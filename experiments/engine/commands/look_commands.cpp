// The commands that look at things: list, store, data.
#include <fmt/format.h>
#include <unistd.h>

#include "core/base/text.h"
#include "core/solve/solver.h"
#include "datasets/fetch.h"
#include "experiments/engine/commands/commands.h"
#include "experiments/engine/run/store.h"

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
  const Store store(default_store(folder),
                    action == "gc" ? Store::Access::kToChange : Store::Access::kToRead);
  double bytes = 0;
  std::size_t sound = 0, damaged = 0, removed = 0, unreadable = 0;
  for (const std::string& key : store.keys()) {
    try {
      const Store::Check check = store.check(key, /*thorough=*/action != "ls");
      if (check.state == Store::State::kDamaged && store.is_of_another_version(key)) {
        fmt::print("{}  of another version of oubli: left alone\n", key);
        continue;
      }
      if (check.state == Store::State::kDamaged) {
        ++damaged;
        fmt::print("{}  damaged: {}\n", key, printable(check.problem));
        if (action == "gc") removed += store.remove_damaged(key) ? 1 : 0;
      }
      if (check.state != Store::State::kSound) continue;
      const Json description = store.describe(key);
      const double size = entry_bytes(description);
      ++sound;
      bytes += size;
      if (action == "ls") {
        fmt::print("{}  {:>9}  {}\n", key, size_text(size),
                   printable(description.value("label", "")));
      }
    } catch (const FileError& error) {
      ++unreadable;
      fmt::print("{}  cannot be read: {}\n", key, error.what());
    }
  }
  fmt::print("{}: {} entries, {}", printable(store.folder().string()), sound, size_text(bytes));
  if (action == "gc") {
    fmt::print("; removed {} damaged and {} unfinished", removed, store.sweep());
  } else if (damaged > 0) {
    fmt::print("; {} damaged (`oubli store gc` removes them, a run does them again)", damaged);
  }
  if (unreadable > 0) fmt::print("; {} cannot be read and were left alone", unreadable);
  fmt::print("\n");
  if (unreadable > 0) return 2;
  return damaged > removed ? 1 : 0;
}

int fetch_data(const FetchCommand& command) {
  const bool terminal = ::isatty(STDERR_FILENO) != 0;
  FetchOptions options{
      .from = command.from, .destination = command.data, .progress = {}, .on_wait = {}};
  options.progress = [&](const FetchProgress& progress) {
    if (!terminal) return;
    const std::string total =
        progress.total > 0 ? " of " + size_text(static_cast<double>(progress.total)) : "";
    fmt::print(stderr, "\r\x1b[K{}: {}{}", progress.file,
               size_text(static_cast<double>(progress.done)), total);
  };
  options.on_wait = [](const std::string& holder) {
    fmt::print(stderr, "waiting for {}, which fetches the same data set\n", holder);
  };
  const FetchReport report = fetch_dataset(command.name, options);
  if (terminal) fmt::print(stderr, "\r\x1b[K");
  for (const std::string& file : report.fetched) fmt::print("fetched and checked: {}\n", file);
  for (const std::string& file : report.already_there) fmt::print("already there: {}\n", file);
  fmt::print("{} is in {}\n", command.name, printable(report.folder.string()));
  return 0;
}

}  // namespace oubli
