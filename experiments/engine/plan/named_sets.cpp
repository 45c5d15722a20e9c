#include "experiments/engine/plan/named_sets.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <optional>

#include "core/base/text.h"

namespace oubli {
namespace {

void require_name(const std::string& name, const Origin& origin) {
  const bool is_usual = std::any_of(usual_sets().begin(), usual_sets().end(),
                                    [&](const UsualSet& usual) { return usual.name == name; });
  const bool is_taken = is_usual || is_about_edited_set("/" + name);
  const bool is_word = !name.empty() && std::all_of(name.begin(), name.end(), [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '_' || c == '-';
  });
  if (!is_word) {
    fail_at(origin,
            fmt::format("{} cannot name a set: letters, digits, '_' and '-' can.", quote(name)));
  }
  if (is_taken) {
    fail_at(origin,
            fmt::format("every experiment may have a set '{}': call this one otherwise.", name));
  }
}

NamedSet read_set(const std::string& name, const SettingsNode& node, Json& record) {
  require_name(name, node.key_origin);
  if (node.kind != SettingsNode::Kind::kMap || node.entries.size() != 1) {
    fail_at(node.origin, fmt::format("the set '{}' is one of `{{where: ...}}` and "
                                     "`{{class: ...}}`.",
                                     name));
  }
  const std::string& selector = node.entries.front().first;
  if (selector != "where" && selector != "class") {
    fail_at(node.entries.front().second.key_origin,
            unknown_name_message("selector of test examples", selector, {"where", "class"}));
  }
  const Settings settings(node);
  const auto read = selector == "where" ? read_where : read_whole_class;
  settings.require_known(read, selector);
  NamedSet set{name, read(settings), node.key_origin};
  settings.finish();
  record[name] = settings.resolved();
  return set;
}

}  // namespace

EvaluationSettings read_evaluation(const Settings& root) {
  EvaluationSettings read;
  if (!root.has("evaluate") && !root.is_describing()) return read;
  const Settings settings = root.child("evaluate", "what metrics are taken on");
  read.against = settings.text(
      "against", {.default_value = "",
                  .doc = "row whose models others are held against, for the metric way_left"});
  read.against_origin = settings.origin("against");
  const std::optional<SettingsNode> node = settings.raw(
      "sets", "a map of names: sets of test examples, each by {where: ...} or {class: ...}");
  if (!node || settings.is_describing()) return read;
  if (node->kind != SettingsNode::Kind::kMap) {
    fail_at(node->origin,
            "'sets' is a map of names, such as {late: {where: {column: time, at_least: 6}}}.");
  }
  Json record = Json::object();
  for (const auto& [name, item] : node->entries) read.sets.push_back(read_set(name, item, record));
  settings.record("sets", record);
  return read;
}

std::vector<std::string> names_of(const std::vector<NamedSet>& sets) {
  std::vector<std::string> names;
  names.reserve(sets.size());
  for (const NamedSet& set : sets) names.push_back(set.name);
  return names;
}

std::vector<NamedRows> rows_of(const std::vector<NamedSet>& sets, const Dataset& dataset,
                               const Splits& splits) {
  std::vector<NamedRows> all;
  Splits among = splits;
  among.train = splits.test;  // what selectors choose from
  for (const NamedSet& set : sets) {
    const Selection chosen = set.choose(dataset, among, Generator(0));
    if (chosen.rows.numel() == 0) {
      fail_task(set.origin,
                fmt::format("no test example is in the set '{}'; there are {} in all{}.", set.name,
                            splits.test.numel(),
                            chosen.notes.empty() ? "" : ": " + chosen.notes.front()));
    }
    all.push_back({set.name, chosen.rows});
  }
  return all;
}

}  // namespace oubli
