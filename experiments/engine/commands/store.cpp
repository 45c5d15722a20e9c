// `oubli store ls`, `verify` and `gc`: what is in the store, whether it is sound, and putting it in
// order.
#include "experiments/engine/run/store.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <string>

#include "core/base/text.h"
#include "experiments/engine/commands/command.h"
#include "experiments/engine/commands/size_text.h"

namespace oubli {
namespace {

double entry_bytes(const Json& description) {
  double bytes = 0;
  for (const auto& [name, file] : description.at("files").items()) {
    bytes += file.at("bytes").get<double>();
  }
  return bytes;
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

}  // namespace

void add_store_command(CLI::App& program, CommandContext& context) {
  const auto folder = std::make_shared<std::string>();
  CLI::App* store = program.add_subcommand("store", "look after the store of finished stages");
  store->require_subcommand(1);
  for (const char* action : {"ls", "verify", "gc"}) {
    const std::string what = action;
    CLI::App* sub = store->add_subcommand(
        what, what == "ls"       ? "list its entries"
              : what == "verify" ? "compare every file with its checksum"
                                 : "remove damaged entries and what killed processes left");
    sub->add_option("--store", *folder, "folder (or OUBLI_STORE)");
    sub->callback([folder, what, &context] { context.status = store_action(what, *folder); });
  }
}

}  // namespace oubli
