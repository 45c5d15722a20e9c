// What is left of wrong labels that were planted in the forget set.
//
//   mislabel_success = share of forget examples with a planted wrong label that are predicted as it
//   interclass_confusion = (C[A, B] + C[B, A]) / (N_A + N_B)                 (Goel et al. 2022)
//
// C[a, b] the number of examples of true class a predicted as b, N_a the number of true class a in
// the set, on forget and on test. The second exists where the wrong labels swap exactly two classes
// A and B, in both directions.
#include <ATen/ATen.h>

#include <array>
#include <optional>
#include <set>
#include <utility>

#include "core/evaluate/metric.h"

namespace oubli {
namespace {

// The two classes that the labels swap, or nothing.
std::optional<std::array<std::int64_t, 2>> swapped(const Tensor& truth, const Tensor& planted) {
  std::set<std::pair<std::int64_t, std::int64_t>> directions;
  const Tensor from = truth.contiguous(), to = planted.contiguous();
  for (std::int64_t i = 0; i < from.numel(); ++i) {
    directions.insert({from.data_ptr<std::int64_t>()[i], to.data_ptr<std::int64_t>()[i]});
    if (directions.size() > 2) return std::nullopt;
  }
  if (directions.size() != 2) return std::nullopt;
  const auto [a, b] = *directions.begin();
  if (!directions.contains({b, a})) return std::nullopt;
  return std::array<std::int64_t, 2>{a, b};
}

std::vector<MetricValue> compute_mislabels(const MetricInput& input) {
  const Dataset& data = *input.evaluation.dataset;
  const Tensor* forget = input.evaluation.rows("forget");
  if (!data.is_classification() || !data.true_targets.defined() || forget == nullptr) return {};
  const Tensor wrong =
      data.targets.index_select(0, *forget).ne(data.true_targets.index_select(0, *forget));
  const Tensor rows = forget->index({wrong});
  if (rows.numel() == 0) return {};
  const Tensor& predicted = input.predictions().predicted();
  const Tensor planted = data.targets.index_select(0, rows);
  std::vector<MetricValue> values = {
      {"mislabel_success",
       predicted.index_select(0, rows).eq(planted).to(at::kDouble).mean().item<double>()}};
  const auto classes = swapped(data.true_targets.index_select(0, rows), planted);
  if (!classes) return values;
  const auto [a, b] = *classes;
  for (const char* name : {"forget", "test"}) {
    const Tensor* set = input.evaluation.rows(name);
    if (set == nullptr) continue;
    const Tensor truth = data.true_targets.index_select(0, *set);
    const Tensor guess = predicted.index_select(0, *set);
    const Tensor of_a = truth.eq(a), of_b = truth.eq(b);
    const auto count = (of_a | of_b).sum().item<std::int64_t>();
    if (count == 0) continue;
    const auto confused = ((of_a & guess.eq(b)) | (of_b & guess.eq(a))).sum().item<std::int64_t>();
    values.push_back({std::string("interclass_confusion/") + name,
                      static_cast<double>(confused) / static_cast<double>(count)});
  }
  return values;
}

}  // namespace

Metric mislabels_metric() {
  return {.name = "mislabels",
          .summary = "what is left of wrong labels planted in the forget set",
          .source = "Goel et al. 2022 (interclass confusion test)",
          .columns = {{.name = "mislabel_success",
                       .heading = "planted",
                       .group = ColumnGroup::kPrivacy,
                       .range = "[0, 1]",
                       .definition = "Share of the forget set's mislabelled examples that are "
                                     "predicted as the wrong label planted there.",
                       .resolution = 0.005,
                       .above = AboveMeans::kUnderForgets,
                       .detail = true},
                      {.name = "interclass_confusion",
                       .heading = "IC",
                       .group = ColumnGroup::kPrivacy,
                       .range = "[0, 1]",
                       .definition = "(C[A, B] + C[B, A]) / (N_A + N_B), C[a, b] the examples of "
                                     "true class a predicted as b, where the wrong labels swap "
                                     "exactly the classes A and B. forget: memorisation; test: "
                                     "what it did to generalisation.",
                       .resolution = 0.005,
                       .above = AboveMeans::kUnderForgets}},
          .compute = compute_mislabels};
}

}  // namespace oubli
