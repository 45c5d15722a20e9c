// Arrays of one safetensors file, as a line of Python writes them: inputs, targets, their test
// parts, and what else is known of each row.
//
//   x_train [n, ...], y_train [n] or [n, outputs]     examples, and a target for each
//   x_test, y_test                                    the test part, where there is one; else test
//                                                     rows are drawn
//   NAME_train [n], NAME_test                         columns that `id`, `columns` and `dates` name
//
// Rows are numbered from 0 in the order of the arrays, those of the test part behind the others.
// Whole numbers as targets are classes 0, 1, 2, ..., others are those of a regression, unless
// `task` says so. Bytes are pixels, and are divided by 255.
// Settings: below, and those of datasets/split.h. Errors: Error(kData) with all that does not fit.
#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <set>
#include <unordered_map>
#include <utility>

#include "core/base/text.h"
#include "datasets/array_file.h"
#include "datasets/files.h"
#include "datasets/split.h"

namespace oubli {
namespace {

namespace fs = std::filesystem;

constexpr double kTestFraction = 0.2;  // of a file without a test part

struct ArraySource {
  fs::path file, folder;
  std::string inputs, targets, test_inputs, test_targets;  // names of tensors
  std::string task, id;
  std::vector<std::string> columns, dates, class_names;
  std::optional<double> scale;
  std::vector<double> mean, deviation;
};

void read_columns(const Settings& settings, ArraySource& source) {
  source.id = settings.text(
      "id", {.default_value = "",
             .doc = "NAME of whole numbers NAME_train, NAME_test that name the rows; none else"});
  source.columns = settings.texts(
      "columns", "NAMEs of numbers NAME_train, NAME_test: groups, times, what `where` reads");
  source.dates = settings.texts("dates", "the same of days since 1970-01-01");
  std::set<std::string> seen;
  for (const auto* names : {&source.columns, &source.dates}) {
    for (const std::string& name : *names) {
      if (name != source.id && seen.insert(name).second) continue;
      settings.fail(names == &source.columns ? "columns" : "dates",
                    fmt::format("the column {} is named twice.", quote(name)));
    }
  }
}

void read_normalising(const Settings& settings, ArraySource& source) {
  source.scale = settings.real_or(
      "scale", "auto",
      {.above = 0, .doc = "what inputs are multiplied by; auto: 1/255 of bytes, 1 of others"});
  const Settings map = settings.child("normalise", "what scaled inputs are shifted by");
  source.mean = map.reals("mean", {{0.0}}, {.doc = "mean, one value or one a channel or feature"});
  source.deviation = map.reals(
      "deviation", {{1.0}},
      {.above = 0, .doc = "what they are then divided by, one value or one a channel or feature"});
  const std::size_t length = std::max(source.mean.size(), source.deviation.size());
  if (source.mean.size() == 1) source.mean.assign(length, source.mean.front());
  if (source.deviation.size() == 1) source.deviation.assign(length, source.deviation.front());
}

ArraySource read_array_settings(const Settings& settings) {
  ArraySource source;
  source.folder = settings.folder_of("file");
  source.file = settings.path("file", {.doc = "path of the safetensors file"});
  const auto name = [&](const char* key, const char* default_value, const char* doc) {
    return settings.text(key, {.default_value = default_value, .doc = doc});
  };
  source.inputs = name("inputs", "x_train", "name of the inputs");
  source.targets = name("targets", "y_train", "name of the targets");
  source.test_inputs = name("test_inputs", "x_test", "name of the test inputs; \"\" for none");
  source.test_targets = name("test_targets", "y_test", "name of their targets");
  source.task = settings.choice("task", {.default_value = "auto",
                                         .valid = {"auto", "classification", "regression"},
                                         .doc = "auto: whole numbers are classes"});
  source.class_names = settings.texts("class_names", "of all classes, in order; default: numbers");
  read_columns(settings, source);
  read_normalising(settings, source);
  return source;
}

// Whether there is a test part: none, where the file has neither of its arrays.
bool has_test_part(const ArraySource& source, const ArrayFile& file) {
  if (source.test_inputs.empty()) return false;
  return file.has(source.test_inputs) || file.has(source.test_targets);
}

// Of training and test part.
struct Arrays {
  Tensor inputs, targets, test_inputs, test_targets;

  std::int64_t rows() const { return inputs.defined() ? inputs.size(0) : -1; }
  std::int64_t test_rows() const { return test_inputs.defined() ? test_inputs.size(0) : -1; }
};

Arrays take_arrays(const ArraySource& source, bool has_test, ArrayFile& file) {
  Arrays arrays;
  arrays.inputs = file.inputs(source.inputs, "inputs");
  arrays.targets = file.targets(source.targets, "targets", arrays.rows(), source.task);
  if (!has_test) return arrays;
  arrays.test_inputs = file.inputs(source.test_inputs, "test_inputs");
  arrays.test_targets =
      file.targets(source.test_targets, "test_targets", arrays.test_rows(), source.task);
  const auto differ = [](const Tensor& a, const Tensor& b) {
    return a.defined() && b.defined() &&
           (a.scalar_type() != b.scalar_type() || a.sizes().slice(1) != b.sizes().slice(1));
  };
  if (differ(arrays.inputs, arrays.test_inputs)) {
    file.note(
        source.test_inputs,
        fmt::format("{} found, but {} is {}: types and shapes of an example must agree.",
                    array_text(arrays.test_inputs), source.inputs, array_text(arrays.inputs)));
  }
  const bool kinds_differ =
      arrays.targets.defined() && arrays.test_targets.defined() &&
      (arrays.targets.dim() != arrays.test_targets.dim() ||
       arrays.targets.sizes().slice(1) != arrays.test_targets.sizes().slice(1));
  if (kinds_differ) {
    file.note(source.test_targets,
              fmt::format("they are not like {}: both classes, or numbers of as many outputs.",
                          source.targets));
  }
  return arrays;
}

// The number of classes: that of their names, or what the training part has, each of it.
void name_classes(const ArraySource& source, const Arrays& arrays, ArrayFile& file,
                  Dataset& dataset) {
  if (!arrays.targets.defined() || arrays.targets.scalar_type() != at::kLong) return;
  dataset.class_names = source.class_names;
  const std::int64_t most = arrays.targets.max().item<std::int64_t>();
  if (dataset.class_names.empty() && most >= arrays.targets.numel()) {
    file.note(source.targets, fmt::format("label {} of {} examples; classes are 0, 1, 2, ... each "
                                          "with an example. Number them anew.",
                                          most, arrays.targets.numel()));
    return;
  }
  if (dataset.class_names.empty()) {
    std::vector<std::string> lacking;
    const Tensor counts = at::bincount(arrays.targets);
    for (std::int64_t k = 0; k <= most; ++k) {
      dataset.class_names.push_back(fmt::to_string(k));
      if (counts[k].item<std::int64_t>() == 0) lacking.push_back(dataset.class_names.back());
    }
    if (!lacking.empty()) {
      file.note(source.targets,
                fmt::format("no example of the classes {}: number them anew, or name all of them "
                            "in `class_names`.",
                            listed(lacking)));
    }
  }
  dataset.outputs = static_cast<std::int64_t>(dataset.class_names.size());
  for (const auto& [name, targets] : {std::pair(source.targets, arrays.targets),
                                      std::pair(source.test_targets, arrays.test_targets)}) {
    if (!targets.defined() || targets.dim() != 1) continue;
    const std::int64_t largest = targets.max().item<std::int64_t>();
    if (largest < dataset.outputs) continue;
    file.note(name, fmt::format("label {} found, but the classes are 0 to {}.", largest,
                                dataset.outputs - 1));
  }
}

void append_column(RowColumn& column, const RowColumn& test) {
  column.numbers.insert(column.numbers.end(), test.numbers.begin(), test.numbers.end());
  std::unordered_map<std::string, std::int32_t> number_of;
  for (const std::string& text : column.levels) {
    number_of.emplace(text, static_cast<std::int32_t>(number_of.size()));
  }
  for (const std::int32_t level : test.level_of) {
    const std::string& text = test.levels[static_cast<std::size_t>(level)];
    const auto [number, is_new] =
        number_of.emplace(text, static_cast<std::int32_t>(number_of.size()));
    if (is_new) column.levels.push_back(text);
    column.level_of.push_back(number->second);
  }
}

void take_columns(const ArraySource& source, const Arrays& arrays, bool has_test, ArrayFile& file,
                  Dataset& dataset) {
  const auto take = [&](const std::string& name, const char* named_by, bool is_date) {
    const bool names_rows = name == source.id;
    RowColumn column = file.column(name + "_train", named_by, arrays.rows(), names_rows);
    if (has_test) {
      append_column(column, file.column(name + "_test", named_by, arrays.test_rows(), names_rows));
    }
    column.is_date = is_date;
    dataset.columns.emplace(name, std::move(column));
  };
  if (!source.id.empty()) take(source.id, "id", false);
  for (const std::string& name : source.columns) take(name, "columns", false);
  for (const std::string& name : source.dates) take(name, "dates", true);
  dataset.id_column = source.id;
}

Tensor both_parts(const Tensor& train, const Tensor& test) {
  return test.defined() ? at::cat({train, test}) : train;
}

LoadedData load(const ArraySource& source, const SplitPlan& plan, const DataFolders& folders) {
  ArrayFile file(find_named_file("safetensors file", source.file, source.folder, folders));
  LoadedData loaded;
  Dataset& dataset = loaded.dataset;
  dataset.name = source.file.stem().string();
  const bool has_test = has_test_part(source, file);
  const Arrays arrays = take_arrays(source, has_test, file);
  name_classes(source, arrays, file, dataset);
  take_columns(source, arrays, has_test, file, dataset);
  file.throw_noted();
  dataset.inputs = both_parts(arrays.inputs, arrays.test_inputs);
  dataset.targets = both_parts(arrays.targets, arrays.test_targets);
  dataset.true_targets = dataset.targets;
  if (!dataset.is_classification()) dataset.outputs = dataset.targets.size(1);
  dataset.scale = source.scale.value_or(dataset.inputs.scalar_type() == at::kByte ? 1.0 / 255 : 1);
  dataset.mean = source.mean;
  dataset.deviation = source.deviation;
  dataset.validate(file.where());
  const std::int64_t rows = arrays.rows();
  loaded.splits =
      plan.divide(at::arange(rows), std::nullopt,
                  has_test ? std::optional(at::arange(rows, dataset.size())) : std::nullopt);
  return loaded;
}

}  // namespace

DataSource arrays_source() {
  DataSource source{"arrays", "inputs and targets of a safetensors file, as Python writes it", {}};
  source.configure = [](const Settings& settings) {
    const ArraySource arrays = read_array_settings(settings);
    const SplitPlan plan = SplitPlan::with_test_draw_or_part(settings, kTestFraction, 0.1);
    return [arrays, plan](const DataFolders& folders) { return load(arrays, plan, folders); };
  };
  return source;
}

}  // namespace oubli
