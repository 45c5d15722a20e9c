#include "experiments/engine/reproduce/paper.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "core/base/settings_file.h"

namespace oubli {
namespace {

// $NAME in a text, by its value.
using Substitutions = std::vector<std::pair<std::string, std::string>>;

std::string substituted(std::string text, const Substitutions& values) {
  // Longer names first: $k does not stand in $kind.
  Substitutions ordered = values;
  std::sort(ordered.begin(), ordered.end(),
            [](const auto& a, const auto& b) { return a.first.size() > b.first.size(); });
  for (const auto& [name, value] : ordered) {
    text = with_value(text, name, value);
  }
  return text;
}

std::string scalar_of(const SettingsNode& node) {
  if (node.kind != SettingsNode::Kind::kScalar) fail_at(node.origin, "a value was expected.");
  return node.scalar;
}

std::vector<std::pair<std::string, SettingsNode>> entries_of(const Settings& settings,
                                                             const std::string& key,
                                                             const std::string& doc) {
  const std::optional<SettingsNode> node = settings.raw(key, doc);
  if (!node) return {};
  if (node->kind != SettingsNode::Kind::kMap) fail_at(node->origin, "a map was expected: " + doc);
  return node->entries;
}

Variation read_variation(const std::string& name, const SettingsNode& node) {
  const Settings settings(node);
  Variation variation{name, settings.texts("settings", "that take the values together"), {}};
  for (const SettingsNode& item : settings.sequence("values", "each a run of its own")) {
    variation.values.push_back(scalar_of(item));
  }
  settings.finish();
  if (variation.settings.empty() || variation.values.empty()) {
    fail_at(node.origin, fmt::format("'{}' needs 'settings' and 'values'.", name));
  }
  return variation;
}

void read_overrides(const Settings& settings, std::vector<std::string>& overrides) {
  for (const auto& [key, value] : entries_of(settings, "set", "SETTING: VALUE")) {
    overrides.push_back(fmt::format("{}={}", key, scalar_of(value)));
  }
}

PaperRun read_run(const std::string& name, const SettingsNode& node, Extent extent) {
  const Settings settings(node);
  PaperRun run;
  run.name = name;
  run.origin = node.origin;
  run.file = settings.path("file", {.doc = "experiment file, beside paper.yaml"});
  for (const auto& [key, value] : entries_of(settings, "over", "NAME: {settings, values}")) {
    run.over.push_back(read_variation(key, value));
  }
  const Settings rounds = settings.child("rounds", "repeats, of which each is one value");
  run.round_settings = rounds.texts("settings", "that count from 0 over the rounds");
  run.rounds = rounds.integer("count", {.default_value = 1, .at_least = 1, .doc = "of them"});
  read_overrides(settings, run.overrides);
  for (const Extent each : {Extent::kQuick, Extent::kFull}) {
    const Settings changes =
        settings.child(to_string(each), "what --" + to_string(each) + " changes");
    const std::int64_t count = changes.integer(
        "rounds", {.default_value = run.rounds, .at_least = 1, .doc = "repeats instead"});
    std::vector<std::string> overrides;
    read_overrides(changes, overrides);
    if (each != extent) continue;
    run.rounds = count;
    run.overrides.insert(run.overrides.end(), overrides.begin(), overrides.end());
  }
  settings.finish();
  if (run.rounds > 1 && run.round_settings.empty()) {
    fail_at(run.origin, "rounds need 'settings' that change from one to the next, as data.seed.");
  }
  return run;
}

PublishedCell read_cell(const SettingsNode& node, const std::string& ours) {
  const Settings settings(node);
  PublishedCell cell;
  cell.origin = node.origin;
  cell.published = settings.real("published", {.doc = "the paper's number"});
  Substitutions values;
  for (const auto& [key, value] : node.entries) {
    if (key == "published") continue;
    values.emplace_back(key, settings.text(key, {.doc = "for $" + key}));
    cell.label += fmt::format("{}{} {}", cell.label.empty() ? "" : ", ", key, values.back().second);
  }
  cell.ours = Expression::parse(substituted(ours, values), cell.origin);
  return cell;
}

PublishedTable read_table(const SettingsNode& node) {
  const Settings settings(node);
  PublishedTable table;
  table.title = settings.text("title", {.doc = "as in the paper"});
  table.source = settings.text("source", {.doc = "where the numbers were read"});
  const std::string confidence = settings.choice(
      "confidence", {.valid = {"confirmed", "figure", "derived", "recalled"},
                     .doc = "read in the source, off a plot, computed from it, or remembered"});
  for (const Confidence each :
       {Confidence::kConfirmed, Confidence::kFigure, Confidence::kDerived, Confidence::kRecalled}) {
    if (to_string(each) == confidence) table.confidence = each;
  }
  table.tolerance = settings.real(
      "tolerance", {.default_value = 0, .at_least = 0, .doc = "beyond the interval of ours"});
  const std::string ours = settings.text("ours", {.doc = "expression over our results"});
  for (const SettingsNode& cell : settings.sequence("cells", "published numbers")) {
    table.cells.push_back(read_cell(cell, ours));
  }
  settings.finish();
  return table;
}

// The claim once for each set of values.
std::vector<PaperClaim> read_claims(const SettingsNode& node) {
  const Settings settings(node);
  PaperClaim claim;
  claim.origin = node.origin;
  claim.text = settings.text("claim", {.doc = "a sentence"});
  claim.source = settings.text("source", {.default_value = "", .doc = "who claims it, where"});
  const std::string expression = settings.text("expression", {.doc = "over our results"});
  claim.must = settings.flag("must", {.default_value = false, .doc = "or the command fails"});
  const bool has[] = {settings.has("below"), settings.has("above"), settings.has("between")};
  if (has[0] + has[1] + has[2] != 1) {
    fail_at(node.origin, "a claim needs one of 'below', 'above' and 'between'.");
  }
  if (has[0]) claim.at_most = settings.real("below", {.doc = "its mean lies below"});
  if (has[1]) claim.at_least = settings.real("above", {.doc = "its mean lies above"});
  if (has[2]) {
    const std::vector<double> ends =
        settings.reals("between", {}, {.doc = "its mean lies between"});
    if (ends.size() != 2 || ends[0] >= ends[1]) settings.fail("between", "[A, B] was expected.");
    claim.at_least = ends[0];
    claim.at_most = ends[1];
  }
  const std::vector<SettingsNode> each = settings.sequence("each", "values that $NAME takes");
  settings.finish();
  if (each.empty()) {
    claim.expression = Expression::parse(expression, claim.origin);
    return {claim};
  }
  std::vector<PaperClaim> claims;
  for (const SettingsNode& values : each) {
    Substitutions substitutions;
    for (const auto& [key, value] : values.entries) {
      substitutions.emplace_back(key, scalar_of(value));
    }
    PaperClaim one = claim;
    one.text = substituted(claim.text, substitutions);
    one.expression = Expression::parse(substituted(expression, substitutions), claim.origin);
    claims.push_back(std::move(one));
  }
  return claims;
}

}  // namespace

std::string with_value(const std::string& text, const std::string& name, const std::string& value) {
  const std::string mark = "$" + name;
  std::string replaced;
  std::size_t begin = 0;
  for (std::size_t at = text.find(mark); at != std::string::npos; at = text.find(mark, begin)) {
    replaced.append(text, begin, at - begin).append(value);
    begin = at + mark.size();
  }
  return replaced.append(text, begin);
}

std::string to_string(Extent extent) {
  switch (extent) {
    case Extent::kQuick:
      return "quick";
    case Extent::kNormal:
      return "normal";
    case Extent::kFull:
      return "full";
  }
  return "";
}

std::string to_string(Confidence confidence) {
  switch (confidence) {
    case Confidence::kConfirmed:
      return "confirmed";
    case Confidence::kFigure:
      return "figure";
    case Confidence::kDerived:
      return "derived";
    case Confidence::kRecalled:
      return "recalled";
  }
  return "";
}

Paper read_paper(const std::filesystem::path& folder, Extent extent) {
  const Settings settings(read_settings_file(folder / "paper.yaml"));
  Paper paper;
  paper.folder = folder;
  paper.key = folder.filename().string();
  paper.title = settings.text("title", {.doc = "of the paper"});
  paper.citation = settings.text("citation", {.doc = "authors, year, where"});
  paper.shows = settings.text("shows", {.doc = "what is shown, in a line"});
  const Settings minutes = settings.child("minutes", "on 2 cores");
  for (const Extent each : {Extent::kQuick, Extent::kNormal, Extent::kFull}) {
    if (!minutes.has(to_string(each))) continue;
    paper.minutes[each] = minutes.real(to_string(each), {.above = 0, .doc = "minutes"});
  }
  for (const auto& [name, node] : entries_of(settings, "runs", "NAME: {file, over, rounds}")) {
    paper.runs.push_back(read_run(name, node, extent));
  }
  for (const SettingsNode& node : settings.sequence("tables", "published numbers")) {
    paper.tables.push_back(read_table(node));
  }
  for (const SettingsNode& node : settings.sequence("claims", "what the paper says")) {
    for (PaperClaim& claim : read_claims(node)) paper.claims.push_back(std::move(claim));
  }
  settings.finish();
  return paper;
}

}  // namespace oubli
