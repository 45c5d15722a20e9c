#include "experiments/engine/plan/sweep.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/base/random.h"
#include "core/base/settings_file.h"

namespace oubli {
namespace {

using Kind = SettingsNode::Kind;
using Entry = std::pair<std::string, SettingsNode>;  // a setting and a value for it

void set_entry(SettingsNode& map, const Entry& entry) {
  for (auto& [key, value] : map.entries) {
    if (key == entry.first) {
      value = entry.second;
      return;
    }
  }
  map.entries.push_back(entry);
}

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

constexpr std::int64_t kMostTrials = 10'000;

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
std::vector<std::vector<Entry>> grid(const std::vector<Axis>& axes) {
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
  std::vector<std::vector<Entry>> all = {{}};
  for (const Axis& axis : axes) {
    std::vector<std::vector<Entry>> longer;
    for (const std::vector<Entry>& entries : all) {
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

std::vector<std::vector<Entry>> drawn(const std::vector<Axis>& axes, std::int64_t trials,
                                      std::int64_t seed) {
  Generator generator = Generator(static_cast<std::uint64_t>(seed)).stream("sweep");
  std::vector<std::vector<Entry>> all(static_cast<std::size_t>(trials));
  for (std::vector<Entry>& entries : all) {
    for (const Axis& axis : axes) entries.emplace_back(axis.key, drawn_value(axis, generator));
  }
  return all;
}

std::vector<std::vector<Entry>> listed(const SettingsNode& list) {
  if (list.kind != Kind::kSequence || list.items.empty()) {
    fail_at(list.origin, "'list' must be a list of settings, such as [{lr: 0.1}, {lr: 0.2}].");
  }
  if (list.items.size() > static_cast<std::size_t>(kMostTrials)) {
    fail_at(list.origin, fmt::format("'list' has more than {} settings.", kMostTrials));
  }
  std::vector<std::vector<Entry>> all;
  for (const SettingsNode& item : list.items) {
    if (item.kind != Kind::kMap) {
      fail_at(item.origin, "each item of 'list' is a map of settings, such as {lr: 0.1}.");
    }
    all.push_back(item.entries);
  }
  return all;
}

Json as_json(const SettingsNode& node) {
  if (node.kind == Kind::kSequence) {
    Json items = Json::array();
    for (const SettingsNode& item : node.items) items.push_back(as_json(item));
    return items;
  }
  if (node.kind == Kind::kMap) {
    Json map = Json::object();
    for (const auto& [key, value] : node.entries) map[key] = as_json(value);
    return map;
  }
  const Json number = Json::parse(node.scalar, nullptr, /*allow_exceptions=*/false);
  return number.is_number() || number.is_boolean() ? number : Json(node.scalar);
}

std::vector<std::vector<Entry>> read_trials(const Settings& settings) {
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
  if (list) {
    return listed(*list);
  }
  const std::vector<Axis> axes = read_axes(*over, random);
  return random ? drawn(axes, trials, seed) : grid(axes);
}

void read_objective(const Settings& settings, const Registry<Metric>& metrics, Sweep& sweep) {
  sweep.objective = settings.text("objective", {.default_value = "avg_gap/validation",
                                                .doc = "column that the best trial is best in"});
  const std::string problem = column_problem(metrics, sweep.objective);
  if (!problem.empty()) settings.fail("objective", problem);
  const ColumnInfo* info = find_column(metrics, sweep.objective);
  if (set_of(sweep.objective) == "test" || set_of(sweep.objective) == "held_out") {
    settings.fail(
        "objective",
        fmt::format("'{}' cannot be an objective: name a column of a metric that needs no "
                    "test set, such as avg_gap/validation, loss/validation or kl/forget.",
                    sweep.objective));
  }
  const Metric& metric = *find_metric_of(metrics, sweep.objective);
  if (metric.needs.trains_more() || !metric.compute) {
    settings.fail("objective",
                  fmt::format("'{}' needs more than one edited model, which is no part of a sweep.",
                              sweep.objective));
  }
  if (info->is_derived) {
    settings.fail(
        "objective",
        fmt::format("'{}' is made from columns of several metrics or models, which a sweep "
                    "does not have: name a column that one metric takes of one model.",
                    sweep.objective));
  }
  sweep.metric = metric.name;
  sweep.better = info->better;
  sweep.reads_oracles = info->better == GoodSide::kOracle || info->reads_oracles;
}

std::vector<std::vector<Entry>> read_settings(const Settings& settings,
                                              const Registry<Metric>& metrics, Sweep& sweep) {
  const std::vector<std::vector<Entry>> trials = read_trials(settings);
  read_objective(settings, metrics, sweep);
  const Settings budget = settings.child("budget", "when no further trial is started");
  sweep.sample_gradients =
      budget.real("sample_gradients",
                  {.default_value = 0, .at_least = 0, .doc = "spent by trials; 0: no limit"});
  return trials;
}

// Of what trials set only what sets them apart: all of them set everything where a record of them
// is read again.
void leave_out_what_is_alike(std::vector<Trial>& trials) {
  const auto is_alike = [&](const std::string& key) {
    return std::all_of(trials.begin(), trials.end(), [&](const Trial& trial) {
      return trial.changed.contains(key) && trial.settings.contains(key) &&
             trial.settings.at(key) == trials.front().settings.value(key, Json());
    });
  };
  std::vector<std::string> alike;
  for (const auto& [key, value] : trials.front().changed.items()) {
    if (is_alike(key)) alike.push_back(key);
  }
  if (alike.size() == trials.front().changed.size() && trials.size() == 1) return;
  for (Trial& trial : trials) {
    for (const std::string& key : alike) trial.changed.erase(key);
  }
}

}  // namespace

void declare_sweep(const Settings& describing, const Registry<Metric>& metrics) {
  Sweep sweep;
  read_settings(describing, metrics, sweep);
}

Sweep read_sweep(const SettingsNode& method, const Registry<Metric>& metrics,
                 const std::function<std::unique_ptr<Unlearner>(const Settings&)>& make) {
  SettingsNode base = method;
  std::erase_if(base.entries,
                [](const Entry& entry) { return entry.first == "sweep" || entry.first == "as"; });
  const Settings settings(*method.find("sweep"));
  Sweep sweep;
  const std::vector<std::vector<Entry>> trials = read_settings(settings, metrics, sweep);
  settings.finish();
  for (const std::vector<Entry>& entries : trials) {
    SettingsNode node = base;
    node.kind = Kind::kMap;
    Trial trial;
    trial.changed = Json::object();
    for (const Entry& entry : entries) {
      set_entry(node, entry);
      trial.changed[entry.first] = as_json(entry.second);
    }
    const Settings all(node);
    trial.unlearner = make(all);
    all.finish();
    trial.settings = all.resolved();
    sweep.trials.push_back(std::move(trial));
  }
  leave_out_what_is_alike(sweep.trials);
  sweep.resolved = {{"list", Json::array()},
                    {"objective", sweep.objective},
                    {"budget", {{"sample_gradients", sweep.sample_gradients}}}};
  for (const Trial& trial : sweep.trials) sweep.resolved["list"].push_back(trial.settings);
  return sweep;
}

std::vector<TrialResult> run_trials(const Sweep& sweep,
                                    const std::function<TrialResult(const Trial&)>& run) {
  std::vector<TrialResult> results;
  double sample_gradients = 0;
  for (const Trial& trial : sweep.trials) {
    results.push_back(run(trial));
    sample_gradients += results.back().sample_gradients;
    if (sweep.sample_gradients > 0 && sample_gradients >= sweep.sample_gradients) break;
  }
  return results;
}

std::size_t best_trial(const Sweep& sweep, const std::vector<TrialResult>& results, double oracle) {
  const auto badness = [&](const TrialResult& result) {
    if (!result.value) return std::numeric_limits<double>::infinity();
    if (sweep.better == GoodSide::kLower) return *result.value;
    if (sweep.better == GoodSide::kHigher) return -*result.value;
    return std::abs(*result.value - oracle);
  };
  const auto best = std::min_element(
      results.begin(), results.end(),
      [&](const TrialResult& a, const TrialResult& b) { return badness(a) < badness(b); });
  if (best == results.end() || !best->value) {
    throw Error(ErrorKind::kNumerics,
                fmt::format("no trial of the sweep has a value of {}{}", sweep.objective,
                            best == results.end() || best->message.empty()
                                ? ""
                                : fmt::format(": {}", best->message)));
  }
  return static_cast<std::size_t>(best - results.begin());
}

Json report_of_sweep(const Sweep& sweep, const std::vector<TrialResult>& results, double oracle) {
  Json trials = Json::array();
  double sample_gradients = 0, seconds = 0;
  for (std::size_t i = 0; i < results.size(); ++i) {
    const TrialResult& result = results[i];
    trials.push_back({{"changed", sweep.trials[i].changed},
                      {"settings", sweep.trials[i].settings},
                      {"status", result.status},
                      {"message", result.message},
                      {"value", result.value ? Json(*result.value) : Json(nullptr)},
                      {"sample_gradients", result.sample_gradients},
                      {"seconds", result.seconds}});
    sample_gradients += result.sample_gradients;
    seconds += result.seconds;
  }
  return {{"objective", sweep.objective},
          {"asked", sweep.trials.size()},
          {"chosen", best_trial(sweep, results, oracle)},
          {"trials", trials},
          {"sample_gradients", sample_gradients},
          {"seconds", seconds}};
}

}  // namespace oubli
