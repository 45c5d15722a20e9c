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

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>
#include <map>
#include <optional>
#include <set>

#include "core/base/machine_limits.h"
#include "core/base/precision.h"
#include "core/base/text.h"
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
  std::vector<int> lines;            // where those stand
};

fs::path locate(const CsvSource& source, const DataFolders& folders) {
  std::vector<fs::path> places = {source.settings_folder};
  places.insert(places.end(), folders.begin(), folders.end());
  std::vector<std::string> searched;
  for (const fs::path& place : places) {
    const fs::path path = place / source.file;  // an absolute file replaces the folder
    std::error_code missing;
    if (fs::exists(path, missing)) return path;
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
      fail_at_field(reader.where(), field, fmt::format("two columns {}.", quote(field.text)));
    }
    columns.names.push_back(field.text);
  }
  if (row.size() == 1 && !row.front().is_quoted) {
    const std::size_t other = row.front().text.find_first_of(";\t|");
    if (other != std::string::npos) {
      fail_at_field(reader.where(), row.front(),
                    fmt::format("the columns are separated by {}: write commas between fields, and "
                                "points in numbers.",
                                quote(row.front().text.substr(other, 1))));
    }
    if (row.front().text.find(' ') != std::string::npos) {
      fail_at_field(reader.where(), row.front(),
                    "the columns are separated by blanks: write commas between fields.");
    }
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

// What tables write where nothing is known.
bool means_missing(const CsvField& field) {
  if (field.is_quoted) return false;
  std::string lower = field.text;
  for (char& c : lower) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return lower == "nan" || lower == "na" || lower == "n/a" || lower == "null" || lower == "?";
}

double parse_number(const std::string& where, const CsvField& field, const std::string& column) {
  double value = 0;
  const char* end = field.text.data() + field.text.size();
  const auto [stop, failure] = std::from_chars(field.text.data(), end, value);
  if (failure != std::errc() || stop != end || !std::isfinite(value)) {
    fail_at_field(where, field,
                  fmt::format("found {} in column {}, expected a finite number. {}",
                              quote(field.text), quote(column),
                              means_missing(field) ? "Fill missing values in, or leave the row out."
                                                   : "Encode categories as numbers first."));
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
                      fmt::format("the field of column {} is empty. Fill it in or leave the row "
                                  "out: there is no convention for missing values.",
                                  quote(columns.names[i])));
      }
      if (i == columns.label && classification) {
        if (means_missing(row[i])) {
          fail_at_field(reader.where(), row[i],
                        fmt::format("the label is {}, which means a missing value. Fill it in or "
                                    "leave the row out; if it names a class, put it in quotes.",
                                    quote(row[i].text)));
        }
        rows.classes.push_back(row[i].text);
        rows.lines.push_back(row[i].line);
      } else {
        const double value = parse_number(reader.where(), row[i], columns.names[i]);
        (i == columns.label ? rows.values : rows.features).push_back(value);
      }
    }
    ++rows.count;
  }
  if (rows.count == 0) {
    throw Error(ErrorKind::kData,
                fmt::format("{}:2:1: there is no row after the header.", reader.where()));
  }
  return rows;
}

// A label as a number; nothing where it is none.
std::optional<double> number_of(const std::string& text) {
  double value = 0;
  const char* end = text.data() + text.size();
  const auto [stop, failure] = std::from_chars(text.data(), end, value);
  const bool is_number = failure == std::errc() && stop == end && std::isfinite(value);
  return is_number ? std::optional(value) : std::nullopt;
}

[[noreturn]] void fail_at_line(const std::string& where, int line, const std::string& message) {
  throw Error(ErrorKind::kData, fmt::format("{}:{}: {}", where, line, message));
}

// Distinct labels, in numerical order where all are numbers.
std::vector<std::string> class_names(const Rows& rows, const std::string& where) {
  std::map<std::string, int> lines;  // of the first of each
  for (std::size_t i = 0; i < rows.classes.size(); ++i) {
    lines.emplace(rows.classes[i], rows.lines[i]);
  }
  std::map<double, std::string> numbers;
  std::vector<std::string> names;
  for (const auto& [name, line] : lines) {
    names.push_back(name);
    const std::optional<double> number = number_of(name);
    if (!number) continue;
    if (const auto [same, is_new] = numbers.emplace(*number, name); !is_new) {
      fail_at_line(where, std::max(line, lines.at(same->second)),
                   fmt::format("the labels {} and {} are the same number and would be two classes. "
                               "Write them alike.",
                               quote(same->second), quote(name)));
    }
  }
  const bool all_numbers = numbers.size() == names.size();
  if (all_numbers) {
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
    fail_at_line(where, rows.lines.front(),
                 fmt::format("every row has the label {}: there is nothing to tell apart.",
                             quote(names.front())));
  }
  constexpr std::size_t kFewRows = 50;
  if (rows.classes.size() >= kFewRows && 2 * names.size() > rows.classes.size()) {
    fail_at_line(where, rows.lines.front(),
                 fmt::format("{} different labels in {} rows. Is it the right column? For numbers "
                             "as targets write `task: regression`.",
                             names.size(), rows.classes.size()));
  }
  return names;
}

// A class that no training example shows cannot be learnt.
void require_classes_in_training(const Dataset& dataset, const Tensor& train,
                                 const std::string& where) {
  if (!dataset.is_classification()) return;
  const Tensor counts =
      dataset.targets.index_select(0, train).bincount({}, /*minlength=*/dataset.outputs);
  for (std::int64_t c = 0; c < dataset.outputs; ++c) {
    if (counts[c].item<std::int64_t>() > 0) continue;
    throw Error(ErrorKind::kData,
                fmt::format("{}: none of the rows with the label {} is in the training split. Add "
                            "rows of that class, leave its rows out, or draw another split "
                            "(data.split_seed).",
                            where, quote(dataset.class_names[static_cast<std::size_t>(c)])));
  }
}

void set_targets(Dataset& dataset, const Rows& rows, bool classification,
                 const std::string& where) {
  if (!classification) {
    dataset.targets = at::tensor(rows.values, at::kDouble).unsqueeze(1);
    dataset.outputs = 1;
  } else {
    dataset.class_names = class_names(rows, where);
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
void standardise(Dataset& dataset, const Tensor& train, const Columns& columns,
                 const std::string& where) {
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
    if (!std::isfinite(deviation)) {
      const auto feature = static_cast<std::size_t>(i);
      throw Error(
          ErrorKind::kData,
          fmt::format("{}:1: the numbers in column {} are too large to be squared, and so "
                      "cannot be standardised. Scale them down.",
                      where, quote(columns.names[feature + (feature >= columns.label ? 1 : 0)])));
    }
    const bool is_constant = deviation <= kRounding * magnitude[i].item<double>();
    dataset.mean.push_back(mean[i].item<double>());
    dataset.deviation.push_back(is_constant ? 1.0 : deviation);
  }
}

LoadedData load(const CsvSource& source, const SplitPlan& plan, const DataFolders& folders) {
  const fs::path path = locate(source, folders);
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
  CsvReader reader(content, path.string());
  const Columns columns = read_header(reader, source.label);
  const Rows rows = read_rows(reader, columns, source.classification);
  LoadedData loaded;
  Dataset& dataset = loaded.dataset;
  dataset.name = path.stem().string();
  dataset.inputs = at::tensor(rows.features, at::kDouble)
                       .view({rows.count, static_cast<std::int64_t>(columns.names.size()) - 1});
  set_targets(dataset, rows, source.classification, path.string());
  loaded.splits = plan.draw(rows.count);
  require_classes_in_training(dataset, loaded.splits.train, path.string());
  if (source.standardise) standardise(dataset, loaded.splits.train, columns, path.string());
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
