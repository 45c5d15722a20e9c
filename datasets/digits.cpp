// The digits of E. Alpaydin and C. Kaynak (UCI repository, CC BY 4.0), embedded in the library:
// 1797 handwritten digits of 8 by 8 pixels from 0 to 16. Needs no files.
//
// Rows are the file's order. Settings: the split settings of datasets/split.h.
#include <ATen/ATen.h>
#include <fmt/format.h>

#include <utility>

#include "core/base/number_text.h"
#include "datasets/alterations.h"
#include "datasets/files.h"
#include "datasets/split.h"
#include "datasets/table/csv_reader.h"

namespace oubli {

// Generated from datasets/digits/digits.csv.gz at build time, see datasets/embed.cmake.
extern const unsigned char kDigitsCsvGz[];
extern const std::size_t kDigitsCsvGzSize;

namespace {

constexpr std::int64_t kDigitPixels = 64;

std::uint8_t parse_value(const std::string& where, const CsvField& field, int most) {
  const int value = number_in<int>(field.text).value_or(-1);
  if (value < 0 || value > most) {
    fail_at_field(where, field, fmt::format("found '{}', expected 0 to {}.", field.text, most));
  }
  return static_cast<std::uint8_t>(value);
}

LoadedData load(const SplitPlan& plan) {
  const std::string where = "the embedded file digits.csv";
  constexpr std::uint64_t kMost = 1 << 24;
  const std::string content =
      unpack_gzip({reinterpret_cast<const char*>(kDigitsCsvGz), kDigitsCsvGzSize}, where, kMost)
          .bytes;
  CsvReader reader(content, where);
  std::vector<std::uint8_t> pixels;
  std::vector<std::int64_t> labels;
  std::vector<CsvField> row;
  while (reader.next(row)) {
    if (row.size() != kDigitPixels + 1) {
      fail_at_field(where, row.back(),
                    fmt::format("{} fields, expected {}.", row.size(), kDigitPixels + 1));
    }
    for (std::size_t i = 0; i < kDigitPixels; ++i) pixels.push_back(parse_value(where, row[i], 16));
    labels.push_back(parse_value(where, row[kDigitPixels], 9));
  }
  LoadedData loaded;
  Dataset& dataset = loaded.dataset;
  dataset.name = "digits";
  const auto count = static_cast<std::int64_t>(labels.size());
  dataset.inputs = at::tensor(pixels, at::kByte).view({count, 1, 8, 8});
  dataset.targets = at::tensor(labels, at::kLong);
  dataset.true_targets = dataset.targets;
  dataset.outputs = 10;
  dataset.class_names = {"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"};
  dataset.scale = 1.0 / 16.0;
  dataset.validate(where);
  loaded.splits = plan.draw(count);
  return loaded;
}

}  // namespace

DataSource digits_source() {
  DataSource source{"digits", "1797 handwritten digits, 8x8 grey pixels, embedded", {}};
  source.configure = [](const Settings& settings) {
    const SplitPlan plan = SplitPlan::with_test_draw(settings, 0.2, 0.1);
    return [plan](const DataFolders&) { return load(plan); };
  };
  return with_alterations(std::move(source));
}

}  // namespace oubli
