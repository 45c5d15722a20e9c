#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>

#include "core/base/error.h"
#include "core/base/precision.h"
#include "core/base/text.h"
#include "datasets/table/encoding.h"

namespace oubli {
namespace {

// Features as they are made, one after another.
struct FeatureList {
  std::vector<std::string> names;
  std::vector<Tensor> columns;     // float64 [n]
  std::vector<bool> is_magnitude;  // what may be standardised

  void add(std::string name, Tensor column, bool magnitude) {
    names.push_back(std::move(name));
    columns.push_back(std::move(column));
    is_magnitude.push_back(magnitude);
  }
};

[[noreturn]] void fail_without_value(const Table& table, const TableColumn& column) {
  throw Error(ErrorKind::kData,
              fmt::format("{}: column {} has no value in any training row: `ignore: [{}]`.",
                          table.where, quote(column.name), column.name));
}

// The value that most rows have, the smallest of several.
template <typename Value>
Value most_frequent(const std::vector<Value>& values) {
  std::map<Value, std::int64_t> counts;
  for (const Value& value : values) ++counts[value];
  return std::max_element(counts.begin(), counts.end(),
                          [](const auto& a, const auto& b) { return a.second < b.second; })
      ->first;
}

void add_number(FeatureList& features, const Table& table, const TableColumn& column,
                MissingRule rule, const Tensor& train, std::optional<double> given) {
  Tensor values = at::tensor(column.values.numbers, at::kDouble);
  const Tensor missing = values.isnan();
  if (given) {
    values = values.masked_fill(missing, *given);
  } else if (missing.any().item<bool>()) {
    const Tensor known = values.index_select(0, train);
    const Tensor present = known.index({known.isnan().logical_not()}).contiguous();
    if (present.numel() == 0) fail_without_value(table, column);
    const auto* first = present.const_data_ptr<double>();
    const double fill = rule == MissingRule::kMostFrequent
                            ? most_frequent(std::vector<double>(first, first + present.numel()))
                            : present.mean().item<double>();
    values = values.masked_fill(missing, fill);
  }
  features.add(column.name, values, true);
}

std::string name_of_level(const TableColumn& column, std::size_t level) {
  return fmt::format("{}={}", column.name, column.values.levels[level]);
}

// The level that stands where nothing is written, by what is given of the inputs.
std::optional<std::int64_t> given_level(const TableColumn& column, const GivenInputs& given) {
  for (std::size_t level = 0; level < column.values.levels.size(); ++level) {
    if (given.missing(name_of_level(column, level)) == 1) return static_cast<std::int64_t>(level);
  }
  return std::nullopt;
}

void add_category(FeatureList& features, const Table& table, const TableColumn& column,
                  const Tensor& train, std::optional<std::int64_t> given) {
  const RowColumn& values = column.values;
  Tensor level_of = at::tensor(values.level_of, at::kInt).to(at::kLong);
  const Tensor missing = level_of.lt(0);
  if (given) {
    level_of = level_of.masked_fill(missing, *given);
  } else if (missing.any().item<bool>()) {
    const Tensor known = level_of.index_select(0, train);
    const Tensor present = known.index({known.ge(0)}).contiguous();
    if (present.numel() == 0) fail_without_value(table, column);
    level_of = level_of.masked_fill(missing, present.bincount().argmax().item<std::int64_t>());
  }
  std::vector<std::size_t> order(values.levels.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::sort(order.begin(), order.end(),
            [&](std::size_t a, std::size_t b) { return values.levels[a] < values.levels[b]; });
  for (const std::size_t level : order) {
    features.add(name_of_level(column, level),
                 level_of.eq(static_cast<std::int64_t>(level)).to(at::kDouble), false);
  }
}

// Where a row has nothing written; undefined where every row has something.
Tensor missing_indicator(const TableColumn& column) {
  const RowColumn& values = column.values;
  const Tensor missing = values.is_text() ? at::tensor(values.level_of, at::kInt).lt(0)
                                          : at::tensor(values.numbers, at::kDouble).isnan();
  return missing.any().item<bool>() ? missing.to(at::kDouble) : Tensor();
}

// A deviation of the size of rounding, of what is written in the file or of its mean, is none: to
// divide by it would blow rounding up to numbers of any size.
void standardise_features(Dataset& dataset, const FeatureList& features, const Table& table,
                          const Tensor& train) {
  constexpr double kRounding = 32 * kDoubleEpsilon;
  const Tensor inputs = dataset.inputs.index_select(0, train);
  Tensor mean = inputs.mean(0);
  mean += (inputs - mean).mean(0);  // exact for columns whose values are all the same
  const Tensor variance = (inputs - mean).square().mean(0);
  const Tensor magnitude = inputs.abs().amax(0);
  dataset.mean.assign(features.names.size(), 0.0);
  dataset.deviation.assign(features.names.size(), 1.0);
  for (std::size_t i = 0; i < features.names.size(); ++i) {
    if (!features.is_magnitude[i]) continue;
    const auto at = static_cast<std::int64_t>(i);
    const double deviation = std::sqrt(variance[at].item<double>());
    if (!std::isfinite(deviation)) {
      throw Error(ErrorKind::kData,
                  fmt::format("{}:1: the numbers in column {} are too large to be squared, and so "
                              "cannot be standardised. Scale them down.",
                              table.where, quote(features.names[i])));
    }
    dataset.mean[i] = mean[at].item<double>();
    if (deviation > kRounding * magnitude[at].item<double>()) dataset.deviation[i] = deviation;
  }
}

void scale_as_given(Dataset& dataset, const GivenInputs& given, const Table& table) {
  given.require_same(dataset.feature_names, table.where);
  dataset.mean.clear();
  dataset.deviation.clear();
  for (const GivenInput& input : given.all()) {
    dataset.mean.push_back(input.mean);
    dataset.deviation.push_back(input.deviation);
  }
}

bool is_feature(ColumnRole role) {
  return role == ColumnRole::kNumber || role == ColumnRole::kDate || role == ColumnRole::kCategory;
}

}  // namespace

Tensor kept_rows(const Table& table, const TableSettings& settings) {
  Tensor kept = at::ones({table.rows()}, at::kBool);
  for (const TableColumn& column : table.columns) {
    if (column.role == ColumnRole::kIgnored || column.role == ColumnRole::kId) continue;
    if (settings.rule_of(column.name) != MissingRule::kDrop) continue;
    const Tensor missing = missing_indicator(column);
    if (missing.defined()) kept = kept & missing.eq(0);
  }
  if (!kept.any().item<bool>()) {
    throw Error(ErrorKind::kData, fmt::format("{}: every row has a missing value, and `missing: "
                                              "drop` leaves none.",
                                              table.where));
  }
  return kept.nonzero().flatten();
}

void encode_features(Dataset& dataset, const Table& table, const TableSettings& settings,
                     const Tensor& train, bool standardise, const GivenInputs& given) {
  FeatureList features;
  for (const TableColumn& column : table.columns) {
    if (!is_feature(column.role)) continue;
    if (column.role == ColumnRole::kCategory) {
      add_category(features, table, column, train, given_level(column, given));
    } else {
      add_number(features, table, column, settings.rule_of(column.name), train,
                 given.missing(column.name));
    }
  }
  if (features.names.empty()) {
    throw Error(ErrorKind::kData,
                fmt::format("{}:1:1: no feature columns beside the label.", table.where));
  }
  for (const TableColumn& column : table.columns) {
    const bool may_be_missing =
        is_feature(column.role) && settings.rule_of(column.name) != MissingRule::kDrop;
    dataset.is_fitted_to_rows |= column.role == ColumnRole::kCategory;
    if (!may_be_missing) continue;
    if (const Tensor missing = missing_indicator(column); missing.defined()) {
      dataset.is_fitted_to_rows = true;
      if (settings.missing_indicator) features.add(column.name + " missing", missing, false);
    }
  }
  dataset.is_fitted_to_rows |= standardise;
  dataset.inputs = at::stack(features.columns, 1).contiguous();
  dataset.feature_names = features.names;
  if (standardise) standardise_features(dataset, features, table, train);
  if (!given.empty()) scale_as_given(dataset, given, table);
}

}  // namespace oubli
