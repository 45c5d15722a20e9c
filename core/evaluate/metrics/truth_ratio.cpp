// TOFU's truth ratio R (core/evaluate/truth_ratios.h), its scores, and its forget quality.
//
//   truth_ratio   on what leaves: mean over facts of min(R, 1/R): 1 where nothing is known of it
//   truth_score   elsewhere: mean over facts of max(0, 1 - R): 1 where it is known
//   tofu_forget_quality = mean over oracles of log10 p, p of the two-sample Kolmogorov-Smirnov test
//       between the values of R on the forgotten facts under the model and under an oracle; and the
//       least and the largest over oracles
//
// Forget quality asks for a fact in held-out wordings (TOFU: a paraphrased answer) where it has
// some, else in those of training. Published tables have one oracle, against which it has 0 itself,
// log10 of 1. A second oracle is another draw of the training's noise: what it has against the
// others, which is the noise floor here, is what can be asked of a method, and -0.43 where oracles
// were independent draws. p falls with the number of facts as well as with the difference. It is
// not below the smallest number that there is, 10^-307.65.
//
// Sources: Maini et al. 2024 (arXiv 2401.06121); Smirnov 1939.
#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/evaluate/metric.h"
#include "core/evaluate/statistics/kolmogorov_smirnov.h"
#include "core/evaluate/truth_ratios.h"

namespace oubli {
namespace {

// Held-out wordings of the facts that leave, and the other wordings of those that have none.
Tensor asked_of_forgotten(const Evaluation& evaluation, const FactTable& facts) {
  const Tensor forget = facts.stating(*evaluation.rows("forget"));
  const Tensor* reworded = evaluation.rows("forget_reworded");
  if (reworded == nullptr) return forget;
  const Tensor asked = facts.stating(*reworded);
  const Tensor has_some = at::isin(facts.statements(forget), facts.statements(asked));
  return rows_union(asked, forget.index({has_some.logical_not()}));
}

double log10_p(const std::vector<double>& own, const std::vector<double>& theirs) {
  const double p = kolmogorov_smirnov(own, theirs).p;
  return std::log10(std::clamp(p, std::numeric_limits<double>::min(), 1.0));
}

void add_forget_quality(const MetricInput& input, const FactTable& facts,
                        std::vector<MetricValue>& values) {
  if (input.evaluation.rows("forget") == nullptr) return;
  const Tensor rows = asked_of_forgotten(input.evaluation, facts);
  const auto ratios = [&](const Predictions& predictions) {
    return as_vector<double>(log_truth_ratios(predictions, facts, rows));
  };
  const std::vector<double> own = ratios(input.predictions());
  if (own.empty()) return;
  double sum = 0, least = 0, largest = -std::numeric_limits<double>::infinity();
  for (const ModelOutcome* oracle : input.oracles) {
    const double quality = log10_p(own, ratios(oracle->predictions));
    sum += quality;
    least = std::min(least, quality);
    largest = std::max(largest, quality);
  }
  values.push_back({"tofu_forget_quality", sum / static_cast<double>(input.oracles.size())});
  values.push_back({"tofu_forget_quality_least", least});
  values.push_back({"tofu_forget_quality_most", largest});
}

std::vector<MetricValue> compute_truth_ratio(const MetricInput& input) {
  std::vector<MetricValue> values;
  if (!FactTable::is_in(*input.evaluation.dataset)) return values;
  const FactTable facts(input.evaluation.dataset);
  for (const NamedRows& set : input.evaluation.sets) {
    const Tensor ratios = log_truth_ratios(input.predictions(), facts, set.rows);
    if (ratios.numel() == 0) continue;
    if (set.name.starts_with("forget") || set.name == "unknown") {
      values.push_back({"truth_ratio/" + set.name, ratios.abs().neg().exp().mean().item<double>()});
    } else {
      values.push_back(
          {"truth_score/" + set.name, *truth_score(input.predictions(), facts, set.rows)});
    }
  }
  add_forget_quality(input, facts, values);
  return values;
}

ColumnInfo quality_column(const std::string& name, const std::string& heading,
                          const std::string& which) {
  return {.name = name,
          .heading = heading,
          .group = ColumnGroup::kPrivacy,
          .range = "[-307.7, 0]",
          .definition =
              which +
              " log10 p, p of the two-sample Kolmogorov-Smirnov test between the truth ratios of "
              "the forgotten facts under the model and under an oracle, in held-out wordings where "
              "a fact has some. TOFU holds against one oracle and reads it upwards, above -1.3 (p "
              "= 0.05) as indistinguishable. What a second retrained seed gets against the others "
              "is the noise floor. It falls with the number of forgotten facts, too: compare it at "
              "one size.",
          .resolution = 0.3};
}

}  // namespace

Metric truth_ratio_metric() {
  const std::string ratio =
      "R = mean probability of all other objects of the fact's relation, over that of its own, "
      "behind the same words (of objects of several words that of the first); of a fact the "
      "geometric mean over its sentences";
  ColumnInfo mean = quality_column("tofu_forget_quality", "forget quality", "Mean over oracles of");
  mean.to_oracles = true;
  return {
      .name = "truth_ratio",
      .summary = "TOFU's truth ratio and scores by set, and its forget quality",
      .source = "Maini et al. 2024 (TOFU); all other objects in the place of five wrong answers",
      .columns = {{.name = "truth_ratio",
                   .heading = "truth ratio",
                   .range = "[0, 1]",
                   .definition = "On sets of what is forgotten: mean over facts of min(R, 1/R), " +
                                 ratio +
                                 ". 1 where the right answer is as likely as the others, 0 "
                                 "where it is known, and where it is avoided.",
                   .resolution = 0.01},
                  {.name = "truth_score",
                   .heading = "truth score",
                   .range = "[0, 1]",
                   .definition = "On sets of what stays or enters: mean over facts of max(0, 1 "
                                 "- R), " +
                                 ratio + ". 1 where the right answer is known, 0 for chance.",
                   .resolution = 0.01,
                   .above = AboveMeans::kFits},
                  mean,
                  quality_column("tofu_forget_quality_least", "least quality",
                                 "The least over oracles of"),
                  quality_column("tofu_forget_quality_most", "most quality",
                                 "The largest over oracles of")},
      .compute = compute_truth_ratio};
}

}  // namespace oubli
