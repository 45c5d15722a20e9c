// Accuracies of the unlearning literature and their gaps to the oracles:
//
//   ua = 1 - a(forget), ra = a(retain), ta = a(test), a an accuracy against the labels of training;
//        ta on the test examples but those of removed classes, as is the custom where a class is
//        removed, and ta_removed on these. Removed is a class that forget holds and retain no more,
//        not one that training never had
//   ua_gap, ra_gap, ta_gap: the model's value minus the oracles' mean
//   avg_gap = mean of the three absolute gaps: of this model to the mean over oracles
//   tow = (1 - |ua_gap|) (1 - |ra_gap|) (1 - |ta_gap|)
//   tow_mia: the same with the gap of mia_efficacy in place of ua_gap
//
// avg_gap/validation and tow/validation have the validation accuracy in place of the test
// accuracy: what settings may be chosen by. Sources: Jia et al. 2023 (UA, RA, TA), Fan et al. 2024
// (average gap, there in percentage points), Zhao et al. 2024 (ToW).
#include <ATen/ATen.h>

#include <cmath>

#include "core/evaluate/metric.h"

namespace oubli {
namespace {

struct Gap {
  double value = 0;
  double gap = 0;
};

Gap gap_on(const MetricInput& input, const Tensor& rows) {
  double oracles = 0;
  for (const ModelOutcome* oracle : input.oracles) oracles += oracle->predictions.accuracy(rows);
  const double value = input.predictions().accuracy(rows);
  return {value, value - oracles / static_cast<double>(input.oracles.size())};
}

double average(const Gap& a, const Gap& b, const Gap& c) {
  return (std::abs(a.gap) + std::abs(b.gap) + std::abs(c.gap)) / 3;
}

double tow(const Gap& a, const Gap& b, const Gap& c) {
  return (1 - std::abs(a.gap)) * (1 - std::abs(b.gap)) * (1 - std::abs(c.gap));
}

// A set's examples of the classes that stay, and of those that are removed.
std::pair<Tensor, Tensor> by_class(const Evaluation& evaluation, const std::string& set,
                                   const Tensor& removed_classes) {
  const Tensor none = at::empty({0}, at::kLong);
  const Tensor* rows = evaluation.rows(set);
  if (rows == nullptr) return {none, none};
  const Tensor removed =
      at::isin(evaluation.dataset->targets.index_select(0, *rows), removed_classes);
  return {rows->masked_select(removed.logical_not()), rows->masked_select(removed)};
}

// Classes that the forget set holds and the retain set does not.
Tensor removed_classes(const Evaluation& evaluation, const Tensor& retain) {
  const Tensor* forget = evaluation.rows("forget");
  if (forget == nullptr) return at::empty({0}, at::kLong);
  const Tensor& labels = evaluation.dataset->targets;
  const Tensor classes = std::get<0>(at::_unique(labels.index_select(0, *forget)));
  return classes.masked_select(at::isin(classes, labels.index_select(0, retain)).logical_not());
}

std::vector<MetricValue> compute_gaps(const MetricInput& input) {
  std::vector<MetricValue> values;
  const Evaluation& evaluation = input.evaluation;
  const Tensor* retain = evaluation.rows("retain");
  const NamedRows* edited = evaluation.edited();
  if (!evaluation.is_classification() || retain == nullptr || edited == nullptr) return values;
  const Gap forget = gap_on(input, edited->rows), kept = gap_on(input, *retain);
  const bool removal = edited->name == "forget";
  if (removal) {
    values.push_back({"ua", 1 - forget.value});
    values.push_back({"ua_gap", -forget.gap});
  }
  values.push_back({"ra", kept.value});
  values.push_back({"ra_gap", kept.gap});
  const Tensor classes = removed_classes(evaluation, *retain);
  const auto [test, removed] = by_class(evaluation, "test", classes);
  if (removed.numel() > 0) values.push_back({"ta_removed", input.predictions().accuracy(removed)});
  if (test.numel() > 0) {
    const Gap other = gap_on(input, test);
    values.push_back({"ta", other.value});
    values.push_back({"ta_gap", other.gap});
    values.push_back({"avg_gap", average(forget, kept, other)});
    values.push_back({"tow", tow(forget, kept, other)});
  }
  const Tensor validation = by_class(evaluation, "validation", classes).first;
  if (validation.numel() > 0) {
    const Gap other = gap_on(input, validation);
    values.push_back({"avg_gap/validation", average(forget, kept, other)});
    values.push_back({"tow/validation", tow(forget, kept, other)});
  }
  return values;
}

std::vector<MetricValue> derive_gaps(const ColumnValues& model, const ColumnValues& oracles) {
  const auto own = model.find("mia_efficacy"), theirs = oracles.find("mia_efficacy");
  const auto kept = model.find("ra_gap"), other = model.find("ta_gap");
  if (own == model.end() || theirs == oracles.end() || kept == model.end() ||
      other == model.end()) {
    return {};
  }
  return {{"tow_mia", tow({own->second, own->second - theirs->second}, {0, kept->second},
                          {0, other->second})}};
}

ColumnInfo piece(const std::string& name, ColumnGroup group, const std::string& range,
                 const std::string& definition) {
  return {.name = name,
          .heading = name,
          .group = group,
          .range = range,
          .definition = definition,
          .detail = true};
}

}  // namespace

Metric gaps_metric() {
  return {
      .name = "gaps",
      .summary = "UA, RA, TA, their gaps to the oracles, average gap and tug of war",
      .source = "Jia et al. 2023; Fan et al. 2024; Zhao et al. 2024",
      .columns =
          {piece("ua", ColumnGroup::kPrivacy, "[0, 1]", "1 - accuracy on the forget set."),
           piece("ua_gap", ColumnGroup::kPrivacy, "[-1, 1]", "ua minus the oracles' mean ua."),
           piece("ra", ColumnGroup::kUtility, "[0, 1]", "Accuracy on the retain set."),
           piece("ra_gap", ColumnGroup::kUtility, "[-1, 1]", "ra minus the oracles' mean."),
           piece("ta", ColumnGroup::kUtility, "[0, 1]",
                 "Accuracy on test examples, but for those of removed classes: which the forget "
                 "set holds and the retain set does not."),
           piece("ta_removed", ColumnGroup::kPrivacy, "[0, 1]",
                 "Accuracy on test examples of removed classes."),
           piece("ta_gap", ColumnGroup::kUtility, "[-1, 1]", "ta minus the oracles' mean."),
           {.name = "avg_gap",
            .heading = "avg. gap",
            .group = ColumnGroup::kPrivacy,
            .better = GoodSide::kLower,
            .range = "[0, 1]",
            .definition =
                "Mean of |ua_gap|, |ra_gap| and |ta_gap|: each the gap of one "
                "model to the mean over oracles, as a fraction. Where nothing is forgotten "
                "the first is the gap of the accuracy on the added set. Absolute "
                "values are taken before the mean over seeds. /validation: with the accuracy "
                "on the validation set, without removed classes, in place of ta.",
            .reads_oracles = true},
           {.name = "tow",
            .heading = "ToW",
            .group = ColumnGroup::kPrivacy,
            .better = GoodSide::kHigher,
            .range = "[0, 1]",
            .definition =
                "(1 - |ua_gap|) (1 - |ra_gap|) (1 - |ta_gap|), with the same gaps and the same "
                "/validation as avg_gap.",
            .reads_oracles = true},
           {.name = "tow_mia",
            .heading = "ToW-MIA",
            .group = ColumnGroup::kPrivacy,
            .better = GoodSide::kHigher,
            .range = "[0, 1]",
            .definition = "ToW with the gap of mia_efficacy to the oracles' mean in "
                          "place of ua_gap; where mia_svc is measured too, with two oracles "
                          "or more.",
            .reads_oracles = true,
            .is_derived = true}},
      .compute = compute_gaps,
      .derive = derive_gaps};
}

}  // namespace oubli
