// What verdicts rest on: `verdict: {columns: [...], margin: 1.41, alpha: 0.05}` in an experiment.
#pragma once

#include <string>
#include <vector>

#include "core/base/settings.h"
#include "core/evaluate/metric.h"

namespace oubli {

struct VerdictSettings {
  // Decisive ones; empty for the standard ones that are measured.
  std::vector<std::string> columns;
  // How many standard deviations of the oracles a difference may have and not matter; the square
  // root of 2 is how far two oracles are from each other.
  double margin = 1.4142135623730951;
  double alpha = 0.05;

  // Accuracy, loss, divergence and the loss attack's AUC on the edited set, the first three on what
  // is bad and unknown; accuracy and loss on retain and test; what a backdoor and a bias did.
  static const std::vector<std::string>& standard_columns();
  // `measure`: the metrics that are taken; `own_sets`: those that the experiment names. Throws
  // Error(kSettings) for a column that no metric or no metric of these has, and for one that has no
  // value of every model.
  static VerdictSettings read(const Settings& parent, const Registry<Metric>& metrics,
                              const std::vector<std::string>& measure,
                              const std::vector<std::string>& own_sets = {});
  // From an experiment's resolved settings.
  static VerdictSettings from(const Json& resolved);
};

}  // namespace oubli
