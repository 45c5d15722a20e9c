// The accuracies that unlearning papers tabulate, and their gaps to the oracles' (Jia et al. 2023).
//
//   UA = 1 - accuracy on forget, RA = accuracy on retain, TA = accuracy on test
//   gap_M = M(model) - mean over oracles of M                               (signed)
//   avg_gap = (|gap_UA| + |gap_RA| + |gap_TA|) / 3
//   tow = (1 - |gap_UA|) (1 - |gap_RA|) (1 - |gap_TA|)                      (Zhao et al. 2024)
//
// all as fractions of one, all against the labels of training. Each gap is the absolute difference
// from the oracles' mean, not the mean of the differences from each. avg_gap/validation and
// tow/validation have the validation set in place of the test set: what a sweep may look at.
#include <ATen/ATen.h>

#include <cmath>
#include <optional>

#include "core/evaluate/metric.h"

namespace oubli {
namespace {

double accuracy(const ModelOutcome& model, const Dataset& data, const Tensor& rows) {
  return model.predictions.predicted()
      .index_select(0, rows)
      .eq(data.targets.index_select(0, rows))
      .to(at::kDouble)
      .mean()
      .item<double>();
}

struct Piece {
  double value = 0;
  double gap = 0;
};

// The accuracy on one set, or, where `error`, one minus it; nothing where the set is empty.
std::optional<Piece> piece(const MetricInput& input, const std::string& set, bool error) {
  const Tensor* rows = input.evaluation.rows(set);
  if (rows == nullptr) return std::nullopt;
  const auto value = [&](const ModelOutcome& model) {
    const double share = accuracy(model, *input.evaluation.dataset, *rows);
    return error ? 1 - share : share;
  };
  double oracles = 0;
  for (const ModelOutcome* oracle : input.oracles) oracles += value(*oracle);
  const double own = value(input.model);
  return Piece{own, own - oracles / static_cast<double>(input.oracles.size())};
}

std::vector<MetricValue> compute(const MetricInput& input) {
  std::vector<MetricValue> values;
  if (!input.evaluation.is_classification()) return values;
  const auto ua = piece(input, "forget", /*error=*/true);
  const auto ra = piece(input, "retain", /*error=*/false);
  const auto ta = piece(input, "test", /*error=*/false);
  const auto va = piece(input, "validation", /*error=*/false);
  const auto report = [&](const std::string& name, const std::optional<Piece>& part) {
    if (!part) return;
    values.push_back({name, part->value});
    values.push_back({name + "_gap", part->gap});
  };
  report("ua", ua);
  report("ra", ra);
  report("ta", ta);
  const auto compose = [&](const std::string& suffix, const std::optional<Piece>& general) {
    if (!ua || !ra || !general) return;
    const double u = std::abs(ua->gap), r = std::abs(ra->gap), g = std::abs(general->gap);
    values.push_back({"avg_gap" + suffix, (u + r + g) / 3});
    values.push_back({"tow" + suffix, (1 - u) * (1 - r) * (1 - g)});
  };
  compose("", ta);
  compose("/validation", va);
  return values;
}

ColumnInfo part(std::string name, std::string heading, Group group, std::string range,
                std::string definition, std::string above) {
  return {.name = std::move(name),
          .heading = std::move(heading),
          .group = group,
          .better = Better::kOracle,
          .range = std::move(range),
          .definition = std::move(definition),
          .resolution = 0.005,
          .above = std::move(above),
          .detail = true};
}

}  // namespace

Metric gaps_metric() {
  return {
      .name = "gaps",
      .summary = "UA, RA, TA, their gaps to the oracles, the average gap and ToW",
      .source = "Jia et al. 2023; Fan et al. 2024 (average gap); Zhao et al. 2024 (ToW)",
      .columns =
          {part("ua", "UA", Group::kPrivacy, "[0, 1]",
                "One minus the accuracy on the forget set, against the labels of training.",
                "over-forgets"),
           part(
               "ua_gap", "UA gap", Group::kPrivacy, "[-1, 1]",
               "UA minus its mean over the oracles. Above 0: more is forgotten than by retraining.",
               "over-forgets"),
           part("ra", "RA", Group::kUtility, "[0, 1]", "Accuracy on the retain set.", ""),
           part("ra_gap", "RA gap", Group::kUtility, "[-1, 1]",
                "RA minus its mean over the oracles. Below 0: the edit hurt what was to be kept.",
                ""),
           part("ta", "TA", Group::kUtility, "[0, 1]", "Accuracy on the test set.", ""),
           part("ta_gap", "TA gap", Group::kUtility, "[-1, 1]",
                "TA minus its mean over the oracles. Below 0: the edit hurt generalisation.", ""),
           {.name = "avg_gap",
            .heading = "avg. gap",
            .group = Group::kPrivacy,
            .better = Better::kLower,
            .range = "[0, 1]",
            .definition = "Arithmetic mean of |UA gap|, |RA gap| and |TA gap|, as a fraction: 0.01 "
                          "is one percentage point. Each gap is the absolute difference from the "
                          "oracles' mean, not the mean of the absolute differences from each "
                          "oracle. avg_gap/validation: accuracy on validation in place of TA.",
            .resolution = 0.005},
           {.name = "tow",
            .heading = "ToW",
            .group = Group::kPrivacy,
            .better = Better::kHigher,
            .range = "[0, 1]",
            .definition = "Tug of war: (1 - |UA gap|) (1 - |RA gap|) (1 - |TA gap|), the gaps from "
                          "the oracles' mean; 1 where all three accuracies are the oracles'. "
                          "tow/validation: accuracy on validation in place of TA.",
            .resolution = 0.005}},
      .compute = compute};
}

}  // namespace oubli
