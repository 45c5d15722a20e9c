// The selector `ids`: rows by what the data's id column calls them, from a table of requests or
// from the settings. Every row of an id is chosen, so that a person with several rows is forgotten
// whole.
#include <ATen/ATen.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <map>
#include <optional>
#include <set>
#include <unordered_map>

#include "core/base/text.h"
#include "datasets/draw.h"
#include "datasets/files.h"
#include "datasets/selectors/selector.h"
#include "datasets/table/csv_reader.h"

namespace oubli {
namespace {

constexpr std::uint64_t kLongestFile = std::uint64_t{1} << 30;

// Where ids are written, and what happens to those that nobody was trained on.
struct IdSource {
  std::vector<std::string> list;
  std::filesystem::path file;  // empty for a list
  std::string column;          // of the file; "" for the data's id column
  bool ignore_unknown = false;
  Origin origin;
};

IdSource read_id_source(const Settings& settings) {
  IdSource source;
  source.origin = settings.origin("ids");
  const SettingsNode* node = settings.node().find("ids");
  if (node != nullptr && node->kind == SettingsNode::Kind::kSequence) {
    source.list = settings.texts("ids", "the ids themselves");
    return source;
  }
  const Settings map = settings.child("ids", "rows by the data's id column");
  const bool has_file = map.has("file"), has_list = map.has("list");
  if (!map.is_describing() && has_file == has_list) {
    fail_at(map.origin(), has_file ? "found both 'file' and 'list', expected one of them."
                                   : "found neither 'file' nor 'list', expected one of them, such "
                                     "as {file: requests.csv}.");
  }
  if (has_list || map.is_describing()) source.list = map.texts("list", "ids, or give 'file'");
  if (has_file || map.is_describing()) {
    source.file = map.folder_of("file") /
                  map.path("file", {.doc = "CSV file with a column of ids, or give 'list'"});
    source.column =
        map.text("column", {.default_value = "", .doc = "its name there; default: as in the data"});
  }
  source.ignore_unknown =
      map.choice("unknown_ids", {.default_value = "error",
                                 .valid = {"error", "ignore"},
                                 .doc = "what becomes of ids that no training row has"}) ==
      "ignore";
  return source;
}

// The ids of a file's column, in the order written.
std::vector<std::string> ids_in_file(const IdSource& source, const std::string& id_column) {
  const FileContent content = read_file(source.file, kLongestFile);
  CsvReader reader(content.bytes, source.file.string());
  const std::string wanted = source.column.empty() ? id_column : source.column;
  std::vector<CsvField> row;
  if (!reader.next(row)) {
    fail_task(source.origin, fmt::format("{} is empty; a line that names the columns was expected.",
                                         source.file.string()));
  }
  const auto found = std::find_if(row.begin(), row.end(),
                                  [&](const CsvField& field) { return field.text == wanted; });
  if (found == row.end()) {
    std::vector<std::string> names;
    for (const CsvField& field : row) names.push_back(field.text);
    fail_task(source.origin,
              fmt::format("{}:1: {}. Its first line names the columns; `column` says which of them "
                          "holds the ids.",
                          source.file.string(), unknown_name_message("column", wanted, names)));
  }
  const auto at = static_cast<std::size_t>(found - row.begin());
  std::vector<std::string> ids;
  while (reader.next(row)) {
    if (at >= row.size() || row[at].text.empty()) {
      fail_at_field(reader.where(), row.back(), fmt::format("this row has no {}.", quote(wanted)));
    }
    ids.push_back(row[at].text);
  }
  return ids;
}

// Where ids are that no training row has.
class UnknownIds {
 public:
  explicit UnknownIds(const Splits& splits) : splits_(splits) {}

  void add(const std::string& id, const std::vector<std::int64_t>& rows) {
    std::string where = rows.empty() ? "in no row" : "in rows that are left out";
    const Tensor all = at::tensor(rows, at::kLong);
    if (at::isin(all, splits_.test).any().item<bool>()) where = "in the test set only";
    if (at::isin(all, splits_.validation).any().item<bool>()) where = "in the validation set only";
    places_[where].push_back(quote(id));
    ++count_;
  }

  std::size_t count() const { return count_; }
  std::string text() const {
    std::vector<std::string> parts;
    for (const auto& [where, ids] : places_) {
      parts.push_back(fmt::format("{} {} ({})", ids.size(), where, listed(ids)));
    }
    return fmt::format("{}", fmt::join(parts, "; "));
  }

 private:
  const Splits& splits_;
  std::map<std::string, std::vector<std::string>> places_;
  std::size_t count_ = 0;
};

Selection choose_ids(const IdSource& source, const Dataset& dataset, const Splits& splits) {
  if (dataset.id_column.empty()) {
    fail_task(source.origin,
              fmt::format("'{}' has no ids: `data: {{id: COLUMN}}` names the column that holds "
                          "them.",
                          dataset.name));
  }
  const std::vector<std::string> ids =
      source.file.empty() ? source.list : ids_in_file(source, dataset.id_column);
  const RowColumn& column = dataset.columns.at(dataset.id_column);
  std::unordered_map<std::string, std::vector<std::int64_t>> rows_of;
  for (std::size_t row = 0; row < column.level_of.size(); ++row) {
    rows_of[column.levels[static_cast<std::size_t>(column.level_of[row])]].push_back(
        static_cast<std::int64_t>(row));
  }
  std::vector<bool> trained(static_cast<std::size_t>(dataset.size()));
  const auto* train = splits.train.const_data_ptr<std::int64_t>();
  for (std::int64_t i = 0; i < splits.train.numel(); ++i) {
    trained[static_cast<std::size_t>(train[i])] = true;
  }
  std::vector<std::int64_t> chosen;
  std::set<std::string> seen;
  UnknownIds unknown(splits);
  for (const std::string& id : ids) {
    if (!seen.insert(id).second) continue;
    const auto found = rows_of.find(id);
    const std::vector<std::int64_t> rows =
        found == rows_of.end() ? std::vector<std::int64_t>{} : found->second;
    const std::size_t before = chosen.size();
    std::copy_if(rows.begin(), rows.end(), std::back_inserter(chosen),
                 [&](std::int64_t row) { return trained[static_cast<std::size_t>(row)]; });
    if (chosen.size() == before) unknown.add(id, rows);
  }
  Selection selection;
  if (unknown.count() > 0) {
    const std::string message = fmt::format("{} of {} ids are in no training row: {}",
                                            unknown.count(), seen.size(), unknown.text());
    if (!source.ignore_unknown) {
      fail_task(source.origin,
                message +
                    ". What was not trained on cannot be unlearnt: take them out, or set "
                    "`unknown_ids: ignore` to go on with the others.");
    }
    selection.notes.push_back(message + "; the others are unlearnt");
  }
  selection.rows = sorted_rows(at::tensor(chosen, at::kLong));
  return selection;
}

}  // namespace

Choose read_ids(const Settings& settings) {
  return [source = read_id_source(settings)](const Dataset& dataset, const Splits& splits,
                                             const Generator&) {
    return choose_ids(source, dataset, splits);
  };
}

}  // namespace oubli
