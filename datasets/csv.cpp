// Tables in CSV files whose first line names the columns.
//
// Every column is a feature, a number unless the settings say otherwise (table/table_settings.h has
// the settings, table/encoding.h what becomes of each column). Rows are numbered from 0 in the
// order of the file, those of `test_file` behind them, and keep their numbers whatever is left out.
// Test and validation rows are drawn (split.h), or named by the column `split`, or, for the test
// rows, those of `test_file`; where `split` names the parts, validation rows are drawn only where
// `validation_fraction` asks for them. `standardise` uses the training split alone, or what a
// record says of the inputs (table/given_inputs.h).
// Errors: Error(kData) with "FILE:LINE:COLUMN".
#include <ATen/ATen.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <memory>
#include <optional>

#include "core/base/machine_limits.h"
#include "core/base/text.h"
#include "datasets/files.h"
#include "datasets/split.h"
#include "datasets/table/encoding.h"

namespace oubli {
namespace {

namespace fs = std::filesystem;

constexpr double kValidationFraction = 0.1;

struct CsvSource {
  fs::path file, test_file;  // test_file: empty for none
  fs::path folder, test_folder;
  TableSettings table;
  bool standardise = false;
  fs::path scaling_file, scaling_folder;  // empty where `standardise` names no file
  Origin scaling_origin;
};

// `standardise`: a flag, or a map that names the file to take it from.
void read_standardise(const Settings& settings, CsvSource& csv) {
  const SettingsNode* node = settings.node().find("standardise");
  if (settings.is_describing() || node == nullptr || node->kind != SettingsNode::Kind::kMap) {
    csv.standardise =
        settings.flag("standardise", {.default_value = false,
                                      .doc = "shift and scale numbers to mean 0 and deviation 1 "
                                             "over the training split; {from: "
                                             "edited/record.json} takes means, deviations and "
                                             "what fills gaps from what `oubli apply` wrote"});
    return;
  }
  const Settings map = settings.child("standardise", "where means and deviations are written");
  csv.scaling_folder = map.folder_of("from");
  csv.scaling_origin = map.origin("from");
  csv.scaling_file = map.path("from", {.doc = "record.json of `oubli apply`"});
}

Table read_table_file(const fs::path& path, const TableSettings& settings) {
  // Numbers take up to eight times the memory of their text.
  constexpr std::uint64_t kTimes = 8;
  const auto most = static_cast<std::uint64_t>(available_memory()) / kTimes;
  const auto [content, is_whole] = read_file(path, most);
  if (!is_whole) {
    throw Error(ErrorKind::kData,
                fmt::format("{}: more than {:.3g} GB of text, which needs more memory than there "
                            "is. Take a part of it.",
                            path.string(), static_cast<double>(most) / 1e9));
  }
  return read_table(content, path.string(), settings);
}

// Rows of `kept` by what the column says: train, validation, test.
std::array<Tensor, 3> rows_by_split(const Table& table, const std::string& name,
                                    const Tensor& kept) {
  static const std::vector<std::string> parts = {"train", "validation", "test"};
  const RowColumn& column = table.find(name).values;
  std::vector<std::string> unknown;
  std::vector<std::int64_t> part_of(column.levels.size() + 1, -1);
  for (std::size_t level = 0; level < column.levels.size(); ++level) {
    const auto found = std::find(parts.begin(), parts.end(), column.levels[level]);
    if (found == parts.end()) unknown.push_back(quote(column.levels[level]));
    part_of[level] = found - parts.begin();
  }
  if (!unknown.empty()) {
    throw Error(ErrorKind::kData,
                fmt::format("{}: column {} holds {}, expected train, validation or test.",
                            table.where, quote(name), listed(unknown)));
  }
  std::array<std::vector<std::int64_t>, 3> rows;
  const auto* chosen = kept.const_data_ptr<std::int64_t>();
  for (std::int64_t i = 0; i < kept.numel(); ++i) {
    const std::int32_t level = column.level_of[static_cast<std::size_t>(chosen[i])];
    const std::int64_t part = part_of[static_cast<std::size_t>(level)];
    rows[static_cast<std::size_t>(part)].push_back(chosen[i]);
  }
  return {at::tensor(rows[0], at::kLong), at::tensor(rows[1], at::kLong),
          at::tensor(rows[2], at::kLong)};
}

Splits split_rows(const Table& table, std::int64_t test_rows, const CsvSource& source,
                  const SplitPlan& plan, const Tensor& kept) {
  if (!source.table.split.empty()) {
    const auto [train, validation, test] = rows_by_split(table, source.table.split, kept);
    const bool is_given = validation.numel() > 0;
    return plan.divide(train, is_given ? std::optional(validation) : std::nullopt, test);
  }
  if (test_rows == 0) return plan.divide(kept, std::nullopt, std::nullopt);
  const Tensor is_test = kept.ge(table.rows() - test_rows);
  return plan.divide(kept.index({is_test.logical_not()}), std::nullopt, kept.index({is_test}));
}

LoadedData load(const CsvSource& source, const SplitPlan& plan, const DataFolders& folders) {
  Table table = read_table_file(find_named_file("CSV file", source.file, source.folder, folders),
                                source.table);
  std::int64_t test_rows = 0;
  if (!source.test_file.empty()) {
    const Table test = read_table_file(
        find_named_file("CSV file", source.test_file, source.test_folder, folders), source.table);
    test_rows = test.rows();
    append_rows(table, test);
  }
  LoadedData loaded;
  Dataset& dataset = loaded.dataset;
  dataset.name = source.file.stem().string();
  const Tensor kept = kept_rows(table, source.table);
  encode_targets(dataset, table, source.table, kept);
  loaded.splits = split_rows(table, test_rows, source, plan, kept);
  dataset.places = std::make_shared<const RowPlaces>(table.places());
  require_classes_in_training(dataset, loaded.splits, *dataset.places);
  GivenInputs given;
  if (!source.scaling_file.empty()) {
    given =
        GivenInputs(find_named_file("record", source.scaling_file, source.scaling_folder, folders),
                    source.scaling_origin);
  }
  encode_features(dataset, table, source.table, loaded.splits.train, source.standardise, given);
  dataset.id_column = source.table.id;
  for (TableColumn& column : table.columns) {
    dataset.columns.emplace(column.name, std::move(column.values));
  }
  dataset.validate(table.where);
  return loaded;
}

// Reads `test_fraction` beside a test part, where 0 alone is right.
void require_no_test_draw(const Settings& settings) {
  const double share = settings.real(
      "test_fraction", {.default_value = 0, .at_least = 0, .below = 1, .doc = "nothing is drawn"});
  if (share > 0) settings.fail("test_fraction", own_test_part(share));
}

}  // namespace

DataSource csv_source() {
  DataSource source{"csv", "a table in a CSV file with a header line", {}};
  source.configure = [](const Settings& settings) {
    CsvSource csv;
    csv.folder = settings.folder_of("file");
    csv.file = settings.path("file", {.doc = "path of the CSV file"});
    csv.test_folder = settings.folder_of("test_file");
    csv.test_file = settings.path(
        "test_file", {.default_value = "", .doc = "path of a file with the test rows"});
    csv.table = TableSettings::read(settings);
    read_standardise(settings, csv);
    const bool has_split = !csv.table.split.empty();
    if (has_split && !csv.test_file.empty() && !settings.is_describing()) {
      settings.fail("split", "the rows of 'test_file' are the test rows: leave one of both out.");
    }
    const bool has_test = (has_split || !csv.test_file.empty()) && !settings.is_describing();
    if (has_test) require_no_test_draw(settings);
    // Who names the parts has said what is trained on.
    const double validation = has_split && has_test ? 0 : kValidationFraction;
    const SplitPlan plan = has_test ? SplitPlan::with_test_files(settings, validation)
                                    : SplitPlan::with_test_draw(settings, 0.2, validation);
    return [csv, plan](const DataFolders& folders) { return load(csv, plan, folders); };
  };
  return source;
}

}  // namespace oubli
