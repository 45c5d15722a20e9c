// Tables of numbers in a CSV file whose first line names the columns: every column but `label` is
// a feature.
//
// Settings: file (absolute, or relative to the experiment file's folder or to a data folder),
// label, task (classification or regression), standardise, and the split settings of
// datasets/split.h. Class labels may be any text: classes are the distinct labels, in numerical
// order where all are whole numbers and in alphabetical order otherwise. With `standardise` the
// mean and the deviation (over n) of each feature come from the training split alone; a feature
// that is constant there, up to rounding, is only shifted.
// Errors: Error(kData) with "FILE:LINE:COLUMN".
#include <ATen/ATen.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <charconv>
#include <cmath>
#include <map>
#include <set>

#include "core/base/precision.h"
#include "datasets/csv_reader.h"
#include "datasets/files.h"
#include "datasets/split.h"

namespace oubli {
namespace {

namespace fs = std::filesystem;

struct CsvSource {
  fs::path file;
  fs::path settings_folder;
  std::string label;
  bool classification = true;
  bool standardise = false;
};

struct Columns {
  std::vector<std::string> names;
  std::size_t label = 0;
};

struct Rows {
  std::int64_t count = 0;
  std::vector<double> features;      // row after row
  std::vector<double> values;        // of the label column, for regression
  std::vector<std::string> classes;  // of the label column, for classification
};

fs::path locate(const CsvSource& source, const DataFolders& folders) {
  std::vector<fs::path> places = {source.settings_folder};
  places.insert(places.end(), folders.begin(), folders.end());
  std::vector<std::string> searched;
  for (const fs::path& place : places) {
    std::error_code ignored;
    const fs::path path = place / source.file;  // an absolute file replaces the folder
    if (fs::is_regular_file(path, ignored)) return path;
    searched.push_back(path.string());
  }
  throw Error(
      ErrorKind::kData,
      fmt::format("the CSV file '{}' was not found. Searched: {}. Give its path from the "
                  "folder of the file that names it (from the present one with --set), or an "
                  "absolute one.",
                  source.file.string(), fmt::join(searched, ", ")));
}

Columns read_header(CsvReader& reader, const std::string& label) {
  std::vector<CsvField> row;
  if (!reader.next(row)) {
    throw Error(ErrorKind::kData, fmt::format("{}:1:1: the file is empty; a line that names the "
                                              "columns was expected.",
                                              reader.where()));
  }
  Columns columns;
  std::set<std::string> seen;
  for (const CsvField& field : row) {
    if (field.text.empty()) fail_at_field(reader.where(), field, "a column has no name.");
    if (!seen.insert(field.text).second) {
      fail_at_field(reader.where(), field, fmt::format("two columns '{}'.", field.text));
    }
    columns.names.push_back(field.text);
  }
  const auto found = std::find(columns.names.begin(), columns.names.end(), label);
  if (found == columns.names.end()) {
    fail_at_field(reader.where(), row.front(),
                  unknown_name_message("column", label, columns.names));
  }
  if (columns.names.size() < 2) {
    fail_at_field(reader.where(), row.front(), "no feature columns beside the label.");
  }
  columns.label = static_cast<std::size_t>(found - columns.names.begin());
  return columns;
}

double parse_number(const std::string& where, const CsvField& field, const std::string& column) {
  double value = 0;
  const char* end = field.text.data() + field.text.size();
  const auto [stop, failure] = std::from_chars(field.text.data(), end, value);
  if (failure != std::errc() || stop != end || !std::isfinite(value)) {
    fail_at_field(where, field,
                  fmt::format("found '{}' in column '{}', expected a finite number. "
                              "Encode categories as numbers first.",
                              field.text, column));
  }
  return value;
}

Rows read_rows(CsvReader& reader, const Columns& columns, bool classification) {
  Rows rows;
  std::vector<CsvField> row;
  while (reader.next(row)) {
    if (row.size() != columns.names.size()) {
      fail_at_field(reader.where(), row.back(),
                    fmt::format("this row ends after {} fields, but the header names {} columns.",
                                row.size(), columns.names.size()));
    }
    for (std::size_t i = 0; i < row.size(); ++i) {
      if (row[i].text.empty()) {
        fail_at_field(reader.where(), row[i],
                      fmt::format("the field of column '{}' is empty. Fill it in or leave the row "
                                  "out: there is no convention for missing values.",
                                  columns.names[i]));
      }
      if (i == columns.label && classification) {
        rows.classes.push_back(row[i].text);
      } else {
        const double value = parse_number(reader.where(), row[i], columns.names[i]);
        (i == columns.label ? rows.values : rows.features).push_back(value);
      }
    }
    ++rows.count;
  }
  if (rows.count == 0) {
    throw Error(ErrorKind::kData,
                fmt::format("{}: there is no row after the header.", reader.where()));
  }
  return rows;
}

bool is_whole_number(const std::string& text) {
  std::int64_t value = 0;
  const char* end = text.data() + text.size();
  const auto [stop, failure] = std::from_chars(text.data(), end, value);
  return failure == std::errc() && stop == end;
}

std::vector<std::string> class_names(const std::vector<std::string>& labels) {
  const std::set<std::string> distinct(labels.begin(), labels.end());
  std::vector<std::string> names(distinct.begin(), distinct.end());
  if (std::all_of(names.begin(), names.end(), is_whole_number)) {
    std::stable_sort(names.begin(), names.end(), [](const std::string& a, const std::string& b) {
      return std::stoll(a) < std::stoll(b);
    });
  }
  return names;
}

void set_targets(Dataset& dataset, const Rows& rows, bool classification) {
  if (!classification) {
    dataset.targets = at::tensor(rows.values, at::kDouble).unsqueeze(1);
    dataset.outputs = 1;
  } else {
    dataset.class_names = class_names(rows.classes);
    dataset.outputs = static_cast<std::int64_t>(dataset.class_names.size());
    std::map<std::string, std::int64_t> index;
    for (const std::string& name : dataset.class_names) {
      index.emplace(name, static_cast<std::int64_t>(index.size()));
    }
    std::vector<std::int64_t> targets;
    for (const std::string& label : rows.classes) targets.push_back(index.at(label));
    dataset.targets = at::tensor(targets, at::kLong);
  }
  dataset.true_targets = dataset.targets;
}

// A deviation of the size of rounding, of what is written in the file or of its mean, is none: to
// divide by it would blow rounding up to numbers of any size.
void standardise(Dataset& dataset, const Tensor& train) {
  constexpr double kRounding = 32 * kDoubleEpsilon;
  const Tensor inputs = dataset.inputs.index_select(0, train);
  Tensor mean = inputs.mean(0);
  mean += (inputs - mean).mean(0);  // exact for columns whose values are all the same
  const Tensor variance = (inputs - mean).square().mean(0);
  const Tensor magnitude = inputs.abs().amax(0);
  dataset.mean.clear();
  dataset.deviation.clear();
  for (std::int64_t i = 0; i < mean.numel(); ++i) {
    const double deviation = std::sqrt(variance[i].item<double>());
    const bool is_constant = deviation <= kRounding * magnitude[i].item<double>();
    dataset.mean.push_back(mean[i].item<double>());
    dataset.deviation.push_back(is_constant ? 1.0 : deviation);
  }
}

LoadedData load(const CsvSource& source, const SplitPlan& plan, const DataFolders& folders) {
  const fs::path path = locate(source, folders);
  const std::string content = read_file(path);
  CsvReader reader(content, path.string());
  const Columns columns = read_header(reader, source.label);
  const Rows rows = read_rows(reader, columns, source.classification);
  LoadedData loaded;
  Dataset& dataset = loaded.dataset;
  dataset.name = path.stem().string();
  dataset.inputs = at::tensor(rows.features, at::kDouble)
                       .view({rows.count, static_cast<std::int64_t>(columns.names.size()) - 1});
  set_targets(dataset, rows, source.classification);
  loaded.splits = plan.draw(rows.count);
  if (source.standardise) standardise(dataset, loaded.splits.train);
  dataset.validate(path.string());
  return loaded;
}

}  // namespace

DataSource csv_source() {
  DataSource source{"csv", "a table of numbers in a CSV file with a header line", {}};
  source.configure = [](const Settings& settings) {
    CsvSource csv;
    csv.settings_folder = settings.folder_of("file");
    csv.file = settings.path("file", {.doc = "path of the CSV file"});
    csv.label = settings.text("label", {.doc = "name of the column to predict"});
    csv.classification =
        settings.choice("task", {.valid = {"classification", "regression"},
                                 .doc = "what the label column holds"}) == "classification";
    csv.standardise =
        settings.flag("standardise", {.default_value = false,
                                      .doc = "shift and scale features to mean 0 and deviation 1 "
                                             "over the training split"});
    const SplitPlan plan = SplitPlan::with_test_draw(settings, 0.2, 0.1);
    return [csv, plan](const DataFolders& folders) { return load(csv, plan, folders); };
  };
  return source;
}

}  // namespace oubli
