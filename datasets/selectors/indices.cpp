// The selector `indices`: rows that somebody wrote down, in a file or in the settings.
#include <ATen/ATen.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <filesystem>
#include <map>
#include <numeric>

#include "core/base/text.h"
#include "datasets/draw.h"
#include "datasets/row_file.h"
#include "datasets/selectors/selector.h"

namespace oubli {
namespace {

// Rows that somebody wrote down, and what messages call the place of each, from 1.
struct WrittenRows {
  Tensor rows;
  std::string source;       // a file's name; "" for a list in the settings
  std::vector<int> places;  // lines of the file, or numbers in the list

  std::string at(std::size_t i) const {
    return source.empty() ? fmt::format("number {} of the list: ", places[i])
                          : fmt::format("{}:{}: ", source, places[i]);
  }
};

// Everything that is wrong with written rows, by kind: the first of each with its place, and how
// many there are.
class RowFaults {
 public:
  explicit RowFaults(const WrittenRows& written) : written_(written) {}

  void add(std::size_t i, const std::string& kind, const std::string& message) {
    auto [found, is_new] = faults_.try_emplace(kind);
    if (is_new) found->second.first = written_.at(i) + message;
    found->second.rows.push_back(
        fmt::format("{}", written_.rows[static_cast<std::int64_t>(i)].item<std::int64_t>()));
  }

  void fail_where_any(const Origin& origin) const {
    if (faults_.empty()) return;
    std::vector<std::string> lines;
    for (const auto& [kind, fault] : faults_) {
      lines.push_back(fault.rows.size() == 1
                          ? fault.first
                          : fmt::format("{} ({} rows {}: {})", fault.first, fault.rows.size(), kind,
                                        listed(fault.rows)));
    }
    fail_task(origin, fmt::format("{}", fmt::join(lines, "\n")));
  }

 private:
  struct Fault {
    std::string first;
    std::vector<std::string> rows;
  };
  const WrittenRows& written_;
  std::map<std::string, Fault> faults_;
};

Tensor listed_rows(const WrittenRows& written, const Dataset& dataset, const Splits& splits,
                   const Origin& origin) {
  const Tensor& rows = written.rows;
  if (written.places.empty()) {
    fail_task(origin, written.source.empty()
                          ? "the forget set is empty: the list holds no row number."
                          : fmt::format("the forget set is empty: {} holds no row number, one a "
                                        "line.",
                                        written.source));
  }
  const auto* values = rows.const_data_ptr<std::int64_t>();
  std::vector<int> seen_at(static_cast<std::size_t>(dataset.size()), 0);
  const Tensor in_train = at::isin(rows, splits.train);
  const auto* trained = in_train.const_data_ptr<bool>();
  RowFaults faults(written);
  for (std::size_t i = 0; i < written.places.size(); ++i) {
    const std::int64_t row = values[i];
    if (row >= dataset.size()) {
      faults.add(i, "are out of range",
                 fmt::format("row {} is out of range: '{}' has rows 0 to {}.", row, dataset.name,
                             dataset.size() - 1));
      continue;
    }
    if (!trained[i]) {
      faults.add(i, "are not in the training split",
                 fmt::format("row {} is not in the training split, so it was never learnt. Was it "
                             "chosen for another 'split_seed' or other fractions?",
                             row));
    }
    int& first = seen_at[static_cast<std::size_t>(row)];
    if (first != 0) {
      faults.add(i, "stand there twice",
                 fmt::format("row {} stands in {} {} already.", row,
                             written.source.empty() ? "place" : "line", first));
    }
    first = written.places[i];
  }
  faults.fail_where_any(origin);
  return sorted_rows(rows);
}

}  // namespace

Choose read_indices(const Settings& settings) {
  const Origin origin = settings.origin("indices");
  const SettingsNode* found = settings.node().find("indices");
  if (found != nullptr && found->kind == SettingsNode::Kind::kSequence) {
    WrittenRows written;
    written.rows = at::tensor(
        settings.integers("indices", {}, {.at_least = 0, .doc = "the rows themselves"}), at::kLong);
    written.places.resize(static_cast<std::size_t>(written.rows.numel()));
    std::iota(written.places.begin(), written.places.end(), 1);
    return [origin, written](const Dataset& dataset, const Splits& splits, const Generator&) {
      return Selection{listed_rows(written, dataset, splits, origin)};
    };
  }
  const std::filesystem::path named = settings.path(
      "indices", {.doc = "file with one row a line, from this file's folder; or a list of rows"});
  const std::filesystem::path path = settings.folder_of("indices") / named;
  return [origin, path](const Dataset& dataset, const Splits& splits, const Generator&) {
    WrittenRows written;
    written.source = path.string();
    written.rows = read_rows(path, &written.places);
    return Selection{listed_rows(written, dataset, splits, origin)};
  };
}

}  // namespace oubli
