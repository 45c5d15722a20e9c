// What a model gives a group of test examples, minus what it gives the others:
//
//   accuracy_gap    = accuracy(group) - accuracy(others)
//   parity_gap      = P(predicted as c | group) - P(predicted as c | others)
//   opportunity_gap = the same difference among those whose label is c
//
// c the favoured class, which the biased labels denied the group; classes by the labels of the test
// examples, which are true. 0 is the same for both; below 0 the group is treated worse. The second
// is demographic parity, the third equal opportunity. Read them against the oracles' own values:
// groups may differ, and removing examples is not replacing them.
// Sources: Dwork et al. 2012 (parity); Hardt, Price and Srebro 2016 (opportunity).
#include <ATen/ATen.h>

#include <optional>

#include "core/evaluate/metric.h"

namespace oubli {
namespace {

// The share of the rows that is predicted as the class; absent where there are no rows.
std::optional<double> share_predicted(const Tensor& predicted, const Tensor& rows,
                                      std::int64_t number) {
  if (rows.numel() == 0) return std::nullopt;
  return predicted.index_select(0, rows).eq(number).to(at::kDouble).mean().item<double>();
}

std::vector<MetricValue> compute_group_gaps(const MetricInput& input) {
  const Evaluation& evaluation = input.evaluation;
  const Tensor *group = evaluation.rows("group"), *others = evaluation.rows("others");
  if (!evaluation.is_classification() || group == nullptr || others == nullptr ||
      !evaluation.planted.favoured) {
    return {};
  }
  const std::int64_t favoured = *evaluation.planted.favoured;
  const Predictions& predictions = input.predictions();
  const Tensor& labels = evaluation.dataset->targets;
  std::vector<MetricValue> values = {
      {"accuracy_gap", predictions.accuracy(*group) - predictions.accuracy(*others)}};
  const auto add_gap = [&](const char* column, const Tensor& of_group, const Tensor& of_others) {
    const auto own = share_predicted(predictions.predicted(), of_group, favoured),
               theirs = share_predicted(predictions.predicted(), of_others, favoured);
    if (own && theirs) values.push_back({column, *own - *theirs});
  };
  const auto deserving = [&](const Tensor& rows) {
    return rows.index({labels.index_select(0, rows).eq(favoured)});
  };
  add_gap("parity_gap", *group, *others);
  add_gap("opportunity_gap", deserving(*group), deserving(*others));
  return values;
}

ColumnInfo gap_column(const char* name, const char* heading, const char* definition) {
  return {.name = name,
          .heading = heading,
          .group = ColumnGroup::kPrivacy,
          .range = "[-1, 1]",
          .definition = definition,
          .resolution = 0.005};
}

}  // namespace

Metric group_gaps_metric() {
  return {.name = "group_gaps",
          .summary = "how a biased model treats a group beside the others",
          .source = "Dwork et al. 2012; Hardt et al. 2016",
          .columns = {gap_column("accuracy_gap", "accuracy gap",
                                 "Accuracy on the group's test examples minus accuracy on the "
                                 "others'."),
                      gap_column("parity_gap", "parity gap",
                                 "Demographic parity: share of the group's test examples that are "
                                 "predicted as the favoured class (which biased labels denied "
                                 "them), minus the others' share. Below 0 the group gets less."),
                      gap_column("opportunity_gap", "opportunity gap",
                                 "Equal opportunity: the same difference among the test examples "
                                 "whose label is the favoured class.")},
          .compute = compute_group_gaps};
}

}  // namespace oubli
