// Sweeps: settings of a method that are chosen rather than given.
//
//   - finetune:
//       epochs: 20
//       sweep:
//         over: {lr: [0.01, 0.05, 0.2], epochs: [5, 20]}       every combination, or with
//         search: random                                       `trials` of them at random, where
//         trials: 10                                           {from: 1.0e-3, to: 1, scale: log}
//                                                              may stand in place of a list
//         list: [{lr: 0.1}, {lr: 0.2, epochs: 3}]              or these, in place of `over`
//         objective: avg_gap/validation
//         budget: {retrainings: 3}                             or {sample_gradients: 1.0e6}
//
// The trials are run in their order on the first original, and the best is used on all of them. The
// objective is any column that can be had without the test set, which trials are never shown: the
// lowest or the highest value wins, as the column says, or the one closest to the oracles' own.
// With six oracles or more the first half of them chooses and the other half judges the row; with
// fewer all do both, and the verdict says so. No trial is started once the budget is spent; one
// always is (seconds are no budget: what is chosen would depend on the machine). All trials' cost
// counts as the method's.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/base/settings.h"
#include "core/evaluate/metric.h"
#include "core/unlearn/unlearner.h"

namespace oubli {

struct Trial {
  Json changed;   // what the sweep sets and not all trials share
  Json settings;  // all, resolved
  std::shared_ptr<const Unlearner> unlearner;
};

struct Sweep {
  std::string objective;  // column
  std::string metric;     // that the column belongs to
  GoodSide better = GoodSide::kOracle;
  bool reads_oracles = true;    // so that it must not be the judging ones
  double sample_gradients = 0;  // the budget; 0: none
  double retrainings = 0;       // the same, in costs of one retraining
  std::vector<Trial> trials;    // at least one
  Json resolved;  // every trial with all its settings, so that a record of it is whole

  // Sample-gradients after which no trial is started, infinite where there is no budget.
  double budget(double retraining_cost) const;
};

// Reads `sweep` of a method's settings `method`, with `make` to configure each trial. Every trial's
// settings are checked here. Error(kSettings).
Sweep read_sweep(const SettingsNode& method, const Registry<Metric>& metrics,
                 const std::function<std::unique_ptr<Unlearner>(const Settings&)>& make);

// Its settings, for `oubli describe sweep`.
void declare_sweep(const Settings& describing, const Registry<Metric>& metrics);

}  // namespace oubli
