#include "experiments/engine/plan/sweep.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "experiments/engine/plan/search_space.h"
#include "experiments/engine/plan/trial_settings.h"

namespace oubli {
namespace {

void read_objective(const Settings& settings, const Registry<Metric>& metrics, Sweep& sweep) {
  sweep.objective = settings.text("objective", {.default_value = "avg_gap/validation",
                                                .doc = "column that the best trial is best in"});
  const std::string problem = column_problem(metrics, sweep.objective);
  if (!problem.empty()) settings.fail("objective", problem);
  const ColumnInfo* info = find_column(metrics, sweep.objective);
  const std::string set = set_of(sweep.objective);
  const bool is_unseen =
      std::any_of(usual_sets().begin(), usual_sets().end(),
                  [&](const UsualSet& usual) { return usual.name == set && !usual.is_seen; });
  if (is_unseen) {
    settings.fail(
        "objective",
        fmt::format("'{}' cannot be an objective: name a column of a metric that needs no test set "
                    "and nothing that no method is told of, such as avg_gap/validation, "
                    "loss/validation or kl/forget.",
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

std::vector<TrialSettings> read_sweep_settings(const Settings& settings,
                                               const Registry<Metric>& metrics, Sweep& sweep) {
  const std::vector<TrialSettings> trials = read_search_space(settings);
  read_objective(settings, metrics, sweep);
  const Settings budget = settings.child("budget", "when no further trial is started");
  sweep.sample_gradients =
      budget.real("sample_gradients",
                  {.default_value = 0, .at_least = 0, .doc = "spent by trials; 0: no limit"});
  sweep.retrainings = budget.real(
      "retrainings",
      {.default_value = 0, .at_least = 0, .doc = "the same in costs of a retraining; 0: no limit"});
  if (sweep.sample_gradients > 0 && sweep.retrainings > 0) {
    budget.fail("retrainings", "a budget is in sample_gradients or in retrainings, not in both.");
  }
  return trials;
}

}  // namespace

void declare_sweep(const Settings& describing, const Registry<Metric>& metrics) {
  Sweep sweep;
  read_sweep_settings(describing, metrics, sweep);
}

Sweep read_sweep(const SettingsNode& method, const Registry<Metric>& metrics,
                 const std::function<std::unique_ptr<Unlearner>(const Settings&)>& make) {
  const SettingsNode base = without_entries(method, {"sweep", "as"});
  const Settings settings(*method.find("sweep"));
  Sweep sweep;
  const std::vector<TrialSettings> trials = read_sweep_settings(settings, metrics, sweep);
  settings.finish();
  for (const TrialSettings& entries : trials) {
    const SettingsNode node = with_trial(base, entries);
    Trial trial;
    trial.changed = changes_of(entries);
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
  if (sweep.retrainings > 0) sweep.resolved["budget"] = {{"retrainings", sweep.retrainings}};
  for (const Trial& trial : sweep.trials) sweep.resolved["list"].push_back(trial.settings);
  return sweep;
}

double Sweep::budget(double retraining_cost) const {
  if (retrainings > 0) return retrainings * retraining_cost;
  return sample_gradients > 0 ? sample_gradients : std::numeric_limits<double>::infinity();
}

}  // namespace oubli
