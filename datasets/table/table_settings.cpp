#include "datasets/table/table_settings.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <set>

namespace oubli {
namespace {

const std::vector<std::string>& rule_names() {
  static const std::vector<std::string> names = {"error", "mean", "most_frequent", "drop"};
  return names;
}

MissingRule parse_rule(const SettingsNode& node) {
  const auto& names = rule_names();
  const auto found = std::find(names.begin(), names.end(), node.scalar);
  if (node.kind != SettingsNode::Kind::kScalar || found == names.end()) {
    fail_at(node.origin, node.kind == SettingsNode::Kind::kScalar
                             ? unknown_name_message("rule for missing values", node.scalar, names)
                             : "a rule for missing values is one of error, mean, most_frequent "
                               "and drop.");
  }
  return static_cast<MissingRule>(found - names.begin());
}

void read_missing(const Settings& settings, TableSettings& table) {
  const std::optional<SettingsNode> node = settings.raw(
      "missing",
      "for fields with nothing in them: error, mean (of categories the most frequent), "
      "most_frequent or drop (the row); or a map of columns; default error");
  if (!node) return;
  if (node->kind != SettingsNode::Kind::kMap) {
    table.missing = parse_rule(*node);
    settings.record("missing", node->scalar);
    return;
  }
  Json record = Json::object();
  for (const auto& [column, rule] : node->entries) {
    table.missing_of[column] = parse_rule(rule);
    record[column] = rule.scalar;
  }
  settings.record("missing", record);
}

char read_delimiter(const Settings& settings) {
  const std::string name = settings.choice(
      "delimiter",
      {.default_value = ",", .valid = {",", ";", "tab", "|"}, .doc = "what stands between fields"});
  return name == "tab" ? '\t' : name.front();
}

// A column that two keys name would be two things.
void require_one_role(const Settings& settings, const TableSettings& table) {
  std::map<std::string, std::string> key_of;
  for (const auto& [key, column] : table.named_columns()) {
    if (key == "missing") continue;
    if (const auto [first, is_new] = key_of.emplace(column, key); !is_new) {
      settings.fail(
          key, fmt::format("the column '{}' stands under '{}' already.", column, first->second));
    }
  }
}

}  // namespace

TableSettings TableSettings::read(const Settings& settings) {
  TableSettings table;
  table.label = settings.text("label", {.doc = "name of the column to predict"});
  table.classification =
      settings.choice("task", {.valid = {"classification", "regression"},
                               .doc = "what the label column holds"}) == "classification";
  table.id = settings.text("id", {.default_value = "",
                                  .doc = "column that names the rows; no feature, and not trained "
                                         "on"});
  table.split = settings.text("split", {.default_value = "",
                                        .doc = "column that says train, validation or test; "
                                               "validation_fraction is then 0 by default"});
  table.ignore = settings.texts("ignore", "columns that are no features");
  table.categorical = settings.texts("categorical", "columns of categories: a feature for each");
  table.dates = settings.texts("dates", "columns of dates such as 2026-11-28: days since 1970");
  read_missing(settings, table);
  table.missing_indicator = settings.flag(
      "missing_indicator",
      {.default_value = true,
       .doc = "a feature that says where a value was missing, for each column that has such rows"});
  table.delimiter = read_delimiter(settings);
  table.decimal = settings
                      .choice("decimal", {.default_value = ".",
                                          .valid = {".", ","},
                                          .doc = "what stands before the decimals of a number"})
                      .front();
  for (const char* key : {"label", "id", "split", "ignore", "categorical", "dates", "missing"}) {
    if (settings.node().find(key) != nullptr) table.origins[key] = settings.origin(key);
  }
  if (settings.is_describing()) return table;
  if (table.decimal == table.delimiter) {
    settings.fail("decimal", "',' stands between fields and before decimals: set 'delimiter'.");
  }
  require_one_role(settings, table);
  return table;
}

std::vector<std::pair<std::string, std::string>> TableSettings::named_columns() const {
  std::vector<std::pair<std::string, std::string>> named = {{"label", label}};
  if (!id.empty()) named.emplace_back("id", id);
  if (!split.empty()) named.emplace_back("split", split);
  for (const std::string& column : ignore) named.emplace_back("ignore", column);
  for (const std::string& column : categorical) named.emplace_back("categorical", column);
  for (const std::string& column : dates) named.emplace_back("dates", column);
  for (const auto& [column, rule] : missing_of) named.emplace_back("missing", column);
  return named;
}

ColumnRole TableSettings::role_of(const std::string& column) const {
  const auto is_in = [&](const std::vector<std::string>& names) {
    return std::find(names.begin(), names.end(), column) != names.end();
  };
  if (column == label) return ColumnRole::kLabel;
  if (column == id) return ColumnRole::kId;
  if (column == split) return ColumnRole::kSplit;
  if (is_in(ignore)) return ColumnRole::kIgnored;
  if (is_in(categorical)) return ColumnRole::kCategory;
  if (is_in(dates)) return ColumnRole::kDate;
  return ColumnRole::kNumber;
}

MissingRule TableSettings::rule_of(const std::string& column) const {
  const auto found = missing_of.find(column);
  return found == missing_of.end() ? missing : found->second;
}

}  // namespace oubli
