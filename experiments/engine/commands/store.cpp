// `oubli store ls`, `verify`, `gc` and `rm`: what is in the store, whether it is sound, and putting
// it in order.
#include "experiments/engine/run/store.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/text.h"
#include "experiments/engine/commands/command.h"
#include "experiments/engine/commands/size_text.h"
#include "experiments/engine/plan/stage_kind.h"

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

bool skip(std::string_view& text, std::string_view start) {
  if (!text.starts_with(start)) return false;
  text.remove_prefix(start.size());
  return true;
}

void skip_number(std::string_view& text) {
  text.remove_prefix(std::min(text.find_first_not_of("0123456789"), text.size()));
}

// Whether the model of this label is the row's: "newton, original 1, run 2" of newton; "original 1"
// and "original 1 (clipped)" of the row that is named like them without the number.
bool is_model_of_row(std::string_view label, const std::string& row) {
  for (const StageKind kind : {StageKind::kTrain, StageKind::kRetrain, StageKind::kTwin,
                               StageKind::kShadow, StageKind::kAudit, StageKind::kInitial}) {
    std::string_view rest = label;
    if (!skip(rest, model_name(kind) + " ")) continue;
    skip_number(rest);
    if (rest.empty() || rest.starts_with(" (")) return model_name(kind) + std::string(rest) == row;
  }
  return skip(label, row) && (label.starts_with(", original ") || label.starts_with(", audit "));
}

// Whether a stage of this label is made for the row: its models, and what looks at them.
bool is_of_row(std::string_view label, const std::string& row) {
  if (is_model_of_row(label, row)) return true;
  if (skip(label, "trials of ") || skip(label, "metrics of all models of ")) return label == row;
  for (const char* look : {"predictions of ", "relearning of ", "teaching of ", "metrics of "}) {
    if (skip(label, look)) return is_of_row(label, row);
  }
  return false;
}

// `name`: the first characters of keys, six at least, or else a row, of whatever experiment.
std::size_t remove_entries(const Store& store, const std::string& name) {
  constexpr std::size_t kFewest = 6;
  const bool is_key =
      name.size() >= kFewest && name.find_first_not_of("0123456789abcdef") == std::string::npos;
  std::size_t removed = 0;
  for (const std::string& key : store.keys()) {
    bool is_meant = is_key && key.starts_with(name);
    if (!is_key && store.check(key, /*thorough=*/false).state == Store::State::kSound) {
      is_meant = is_of_row(store.describe(key).value("label", ""), name);
    }
    if (!is_meant) continue;
    store.discard(key);
    ++removed;
  }
  return removed;
}

int remove_named(const std::vector<std::string>& names, const std::string& folder) {
  const Store store(default_store(folder), Store::Access::kToChange);
  int status = 0;
  for (const std::string& name : names) {
    const std::size_t removed = remove_entries(store, name);
    fmt::print("{}: {} entr{} removed\n", printable(name), removed, removed == 1 ? "y" : "ies");
    if (removed == 0) status = 1;
  }
  return status;
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
  const auto names = std::make_shared<std::vector<std::string>>();
  CLI::App* remove = store->add_subcommand("rm", "remove entries, which a run then does again");
  remove->add_option("KEY|ROW", *names, "the first characters of a key, or a row's name")
      ->required();
  remove->add_option("--store", *folder, "folder (or OUBLI_STORE)");
  remove->callback([folder, names, &context] { context.status = remove_named(*names, *folder); });
}

}  // namespace oubli
