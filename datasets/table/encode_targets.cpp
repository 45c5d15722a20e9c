#include <ATen/ATen.h>
#include <fmt/format.h>

#include <cmath>
#include <map>
#include <optional>

#include "core/base/error.h"
#include "core/base/number_text.h"
#include "core/base/text.h"
#include "datasets/faults.h"
#include "datasets/table/encoding.h"

namespace oubli {
namespace {

// A label as a number; nothing where it is none.
std::optional<double> label_number(const std::string& text) {
  const std::optional<double> number = number_in<double>(text);
  return number && std::isfinite(*number) ? number : std::nullopt;
}

[[noreturn]] void fail_at_line(const std::string& where, int line, const std::string& message) {
  throw Error(ErrorKind::kData, fmt::format("{}:{}: {}", where, line, message));
}

// Distinct labels with the line of the first of each.
using LabelLines = std::map<std::string, int>;

// In numerical order where all are numbers.
std::vector<std::string> class_names(const LabelLines& lines, std::int64_t rows,
                                     const std::string& where) {
  std::map<double, std::string> numbers;
  std::vector<std::string> names;
  int first_line = lines.begin()->second;
  for (const auto& [name, line] : lines) {
    names.push_back(name);
    first_line = std::min(first_line, line);
    const std::optional<double> number = label_number(name);
    if (!number) continue;
    if (const auto [same, is_new] = numbers.emplace(*number, name); !is_new) {
      fail_at_line(where, std::max(line, lines.at(same->second)),
                   fmt::format("the labels {} and {} are the same number and would be two classes. "
                               "Write them alike.",
                               quote(same->second), quote(name)));
    }
  }
  if (numbers.size() == names.size()) {
    names.clear();
    for (const auto& [number, name] : numbers) {
      names.push_back(name);
      if (number != std::round(number)) {
        fail_at_line(
            where, lines.at(name),
            fmt::format("the label is {}, which is no whole number. For numbers as targets "
                        "write `task: regression`; classes are whole numbers or names.",
                        quote(name)));
      }
    }
  }
  if (names.size() == 1) {
    fail_at_line(where, first_line,
                 fmt::format("every row has the label {}: there is nothing to tell apart.",
                             quote(names.front())));
  }
  constexpr std::int64_t kFewRows = 50;
  if (rows >= kFewRows && 2 * static_cast<std::int64_t>(names.size()) > rows) {
    fail_at_line(where, first_line,
                 fmt::format("{} different labels in {} rows. Is it the right column? For numbers "
                             "as targets write `task: regression`.",
                             names.size(), rows));
  }
  return names;
}

// Tells every label that stands in the test file alone.
void require_labels_of_test_file(const Dataset& dataset, const Splits& splits,
                                 const RowPlaces& places) {
  const Tensor elsewhere = at::cat({splits.train, splits.validation});
  const Tensor known =
      dataset.targets.index_select(0, elsewhere).bincount({}, /*minlength=*/dataset.outputs);
  std::vector<std::string> names, faults;
  for (std::int64_t c = 0; c < dataset.outputs; ++c) {
    const std::string name = quote(dataset.class_names[static_cast<std::size_t>(c)]);
    if (known[c].item<std::int64_t>() > 0) {
      names.push_back(name);
      continue;
    }
    const Tensor rows = splits.test.index({dataset.targets.index_select(0, splits.test).eq(c)});
    if (rows.numel() == 0 || !places.is_of_test_file(rows.min().item<std::int64_t>())) continue;
    faults.push_back(fmt::format("{}: the label {} is not among those of {}",
                                 places.text(rows.min().item<std::int64_t>()), name, places.file));
  }
  if (faults.empty()) return;
  throw Error(ErrorKind::kData,
              fmt::format("{}: {}. Mend {}, or leave such rows out.", all_faults(faults),
                          listed(names), faults.size() == 1 ? "it" : "them"));
}

}  // namespace

void encode_targets(Dataset& dataset, const Table& table, const TableSettings& settings,
                    const Tensor& kept) {
  const RowColumn& label = table.find(settings.label).values;
  if (!settings.classification) {
    dataset.targets = at::tensor(label.numbers, at::kDouble).nan_to_num(0.0).unsqueeze(1);
    dataset.outputs = 1;
    dataset.true_targets = dataset.targets;
    return;
  }
  LabelLines lines;
  const auto* rows = kept.const_data_ptr<std::int64_t>();
  for (std::int64_t i = 0; i < kept.numel(); ++i) {
    const auto row = static_cast<std::size_t>(rows[i]);
    lines.emplace(label.levels[static_cast<std::size_t>(label.level_of[row])], table.lines[row]);
  }
  dataset.class_names = class_names(lines, kept.numel(), table.where);
  dataset.outputs = static_cast<std::int64_t>(dataset.class_names.size());
  std::map<std::string, std::int64_t> index;
  for (const std::string& name : dataset.class_names) {
    index.emplace(name, static_cast<std::int64_t>(index.size()));
  }
  std::vector<std::int64_t> targets(static_cast<std::size_t>(table.rows()), 0);
  for (std::size_t row = 0; row < targets.size(); ++row) {
    const std::int32_t level = label.level_of[row];
    if (level < 0) continue;
    const auto found = index.find(label.levels[static_cast<std::size_t>(level)]);
    if (found != index.end()) targets[row] = found->second;
  }
  dataset.targets = at::tensor(targets, at::kLong);
  dataset.true_targets = dataset.targets;
}

void require_classes_in_training(const Dataset& dataset, const Splits& splits,
                                 const RowPlaces& places) {
  if (!dataset.is_classification()) return;
  require_labels_of_test_file(dataset, splits, places);
  const Tensor counts =
      dataset.targets.index_select(0, splits.train).bincount({}, /*minlength=*/dataset.outputs);
  for (std::int64_t c = 0; c < dataset.outputs; ++c) {
    if (counts[c].item<std::int64_t>() > 0) continue;
    throw Error(ErrorKind::kData,
                fmt::format("{}: none of the rows with the label {} is in the training split. Add "
                            "rows of that class, leave its rows out, or draw another split "
                            "(data.split_seed).",
                            places.file, quote(dataset.class_names[static_cast<std::size_t>(c)])));
  }
}

}  // namespace oubli
