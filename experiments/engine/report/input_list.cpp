#include "experiments/engine/report/input_list.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <cmath>
#include <optional>

namespace oubli {
namespace {

// The first of the rows in which nothing is written.
std::optional<std::int64_t> first_missing(const RowColumn& column, const Tensor& rows) {
  const auto* values = rows.const_data_ptr<std::int64_t>();
  for (std::int64_t i = 0; i < rows.numel(); ++i) {
    const auto at = static_cast<std::size_t>(values[i]);
    if (column.is_text() ? column.level_of[at] < 0 : std::isnan(column.numbers[at])) {
      return values[i];
    }
  }
  return std::nullopt;
}

// What stands there for a missing value. A category's level is an input of its own, COLUMN=LEVEL.
std::optional<double> fill_of(const Dataset& dataset, const Tensor& rows, std::size_t input) {
  const std::string& name = dataset.feature_names[input];
  auto found = dataset.columns.find(name);
  for (std::size_t end = name.find('='); found == dataset.columns.end() && end != name.npos;
       end = name.find('=', end + 1)) {
    found = dataset.columns.find(name.substr(0, end));
  }
  if (found == dataset.columns.end()) return std::nullopt;
  const std::optional<std::int64_t> row = first_missing(found->second, rows);
  if (!row) return std::nullopt;
  return dataset.inputs[*row][static_cast<std::int64_t>(input)].item<double>();
}

std::string one_input(const Json& input) {
  std::string text = "as it is";
  if (input.contains("mean")) {
    const double mean = input.at("mean").get<double>();
    text = fmt::format("(x {} {:.6g}) / {:.6g}", mean < 0 ? '+' : '-', std::abs(mean),
                       input.at("deviation").get<double>());
  }
  if (input.contains("missing")) {
    text += fmt::format("; {:.6g} where missing", input.at("missing").get<double>());
  }
  return fmt::format("{} ({})", input.at("name").get<std::string>(), text);
}

}  // namespace

Json inputs_record(const Dataset& dataset, const Tensor& rows) {
  Json inputs = Json::array();
  for (std::size_t i = 0; i < dataset.feature_names.size(); ++i) {
    Json input = {{"name", dataset.feature_names[i]}};
    const double mean = dataset.mean[dataset.mean.size() == 1 ? 0 : i];
    const double deviation = dataset.deviation[dataset.deviation.size() == 1 ? 0 : i];
    if (mean != 0 || deviation != 1) {
      input["mean"] = mean;
      input["deviation"] = deviation;
    }
    if (const std::optional<double> fill = fill_of(dataset, rows, i)) input["missing"] = *fill;
    inputs.push_back(std::move(input));
  }
  return inputs;
}

std::vector<std::string> inputs_text(const Json& inputs) {
  std::vector<std::string> lines;
  for (const Json& input : inputs) {
    lines.push_back(fmt::format("{} {}", lines.size() + 1, one_input(input)));
  }
  return lines;
}

std::string classes_text(const Dataset& dataset) {
  std::string text;
  for (std::size_t i = 0; i < dataset.class_names.size(); ++i) {
    text += fmt::format("{}{} {}", i == 0 ? "" : ", ", i, dataset.class_names[i]);
  }
  return text;
}

}  // namespace oubli
