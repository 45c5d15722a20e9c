#include "experiments/engine/plan/search_space.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <cmath>
#include <optional>

#include "core/base/random.h"

namespace oubli {
namespace {

using Kind = SettingsNode::Kind;

constexpr std::int64_t kMostTrials = 10'000;

// From where a random trial draws one setting: a list, or a range.
struct Range {
  double from = 0, to = 0;
  bool logarithmic = false, whole = false;
};
struct Axis {
  std::string key;
  std::vector<SettingsNode> values;
  std::optional<Range> range;
  Origin origin, key_origin;
};

bool is_whole(const SettingsNode* node) {
  return node != nullptr && node->scalar.find_first_of(".eE") == std::string::npos;
}

Range read_range(const SettingsNode& node) {
  const Settings settings(node);
  Range range;
  range.from = settings.real("from", {.doc = "least value"});
  range.to = settings.real("to", {.doc = "greatest value"});
  range.logarithmic =
      settings.choice("scale", {.default_value = "linear",
                                .valid = {"linear", "log"},
                                .doc = "what is drawn uniformly: the value or its logarithm"}) ==
      "log";
  range.whole = is_whole(node.find("from")) && is_whole(node.find("to"));
  settings.finish();
  if (!(range.from < range.to)) settings.fail("to", "'to' must be above 'from'.");
  if (range.logarithmic && range.from <= 0) {
    settings.fail("from", "'from' must be above 0 where the scale is logarithmic.");
  }
  return range;
}

std::vector<Axis> read_axes(const SettingsNode& over, bool random) {
  if (over.kind != Kind::kMap || over.entries.empty()) {
    fail_at(over.origin, "'over' must map settings to lists of values, such as {lr: [0.1, 0.2]}.");
  }
  std::vector<Axis> axes;
  for (const auto& [key, node] : over.entries) {
    Axis axis{key, {}, {}, node.origin, node.key_origin};
    if (node.kind == Kind::kSequence && !node.items.empty()) {
      axis.values = node.items;
      for (SettingsNode& value : axis.values) value.key_origin = node.key_origin;
    } else if (node.kind == Kind::kMap && random) {
      axis.range = read_range(node);
    } else {
      fail_at(node.origin,
              fmt::format("'{}' must be a list of values{}.", key,
                          random ? " or a range {from: A, to: B}"
                                 : " (a range {from: A, to: B} needs `search: random`)"));
    }
    axes.push_back(std::move(axis));
  }
  return axes;
}

// Every combination; the last setting changes fastest.
std::vector<TrialSettings> grid(const std::vector<Axis>& axes) {
  std::size_t count = 1;
  for (const Axis& axis : axes) {
    count *= axis.values.size();
    if (count > static_cast<std::size_t>(kMostTrials)) {
      fail_at(axis.key_origin,
              fmt::format("the grid has more than {} combinations: leave values out, or draw some "
                          "with `search: random`.",
                          kMostTrials));
    }
  }
  std::vector<TrialSettings> all = {{}};
  for (const Axis& axis : axes) {
    std::vector<TrialSettings> longer;
    for (const TrialSettings& entries : all) {
      for (const SettingsNode& value : axis.values) {
        longer.push_back(entries);
        longer.back().emplace_back(axis.key, value);
      }
    }
    all = std::move(longer);
  }
  return all;
}

SettingsNode drawn_value(const Axis& axis, Generator& generator) {
  if (!axis.range) {
    const auto count = static_cast<std::int64_t>(axis.values.size());
    return axis
        .values[static_cast<std::size_t>(generator.integers(0, count, {1}).item<std::int64_t>())];
  }
  const Range& range = *axis.range;
  const double u = generator.uniform({1}, at::kDouble).item<double>();
  SettingsNode node;
  node.kind = Kind::kScalar;
  node.origin = axis.origin;
  node.key_origin = axis.key_origin;
  if (range.whole && !range.logarithmic) {
    node.scalar = fmt::format("{:.0f}", std::floor(range.from + u * (range.to - range.from + 1)));
    return node;
  }
  const double value = range.logarithmic ? range.from * std::pow(range.to / range.from, u)
                                         : range.from + u * (range.to - range.from);
  node.scalar =
      range.whole ? fmt::format("{:.0f}", std::round(value)) : fmt::format("{:.4e}", value);
  return node;
}

std::vector<TrialSettings> drawn(const std::vector<Axis>& axes, std::int64_t trials,
                                 std::int64_t seed) {
  Generator generator = Generator(static_cast<std::uint64_t>(seed)).stream("sweep");
  std::vector<TrialSettings> all(static_cast<std::size_t>(trials));
  for (TrialSettings& entries : all) {
    for (const Axis& axis : axes) entries.emplace_back(axis.key, drawn_value(axis, generator));
  }
  return all;
}

std::vector<TrialSettings> listed(const SettingsNode& list) {
  if (list.kind != Kind::kSequence || list.items.empty()) {
    fail_at(list.origin, "'list' must be a list of settings, such as [{lr: 0.1}, {lr: 0.2}].");
  }
  if (list.items.size() > static_cast<std::size_t>(kMostTrials)) {
    fail_at(list.origin, fmt::format("'list' has more than {} settings.", kMostTrials));
  }
  std::vector<TrialSettings> all;
  for (const SettingsNode& item : list.items) {
    if (item.kind != Kind::kMap) {
      fail_at(item.origin, "each item of 'list' is a map of settings, such as {lr: 0.1}.");
    }
    all.push_back(item.entries);
  }
  return all;
}

}  // namespace

std::vector<TrialSettings> read_search_space(const Settings& settings) {
  const std::string search = settings.choice(
      "search", {.default_value = "grid",
                 .valid = {"grid", "random"},
                 .doc = "every combination of `over`, or `trials` of them at random"});
  const bool random = search == "random";
  const std::optional<SettingsNode> over = settings.raw("over", "settings and the values to try");
  const std::optional<SettingsNode> list = settings.raw("list", "settings to try, in their order");
  const std::int64_t trials = settings.integer("trials", {.default_value = 10,
                                                          .at_least = 1,
                                                          .at_most = kMostTrials,
                                                          .doc = "how many a random search draws"});
  const std::int64_t seed = settings.integer(
      "seed",
      {.default_value = 0, .at_least = 0, .at_most = kLargestSeed, .doc = "of a random search"});
  if (settings.is_describing()) return {};
  if (over.has_value() == list.has_value()) {
    fail_at(settings.origin(), "a sweep needs 'over' or 'list', and not both.");
  }
  if (list) return listed(*list);
  const std::vector<Axis> axes = read_axes(*over, random);
  return random ? drawn(axes, trials, seed) : grid(axes);
}

}  // namespace oubli
