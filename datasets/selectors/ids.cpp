// The selector `ids`: rows by what the data's id column calls them, from a table of requests or
// from the settings. Every row of an id is chosen, so that a person with several rows is forgotten
// whole.
#include "datasets/selectors/ids.h"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <set>
#include <unordered_map>

#include "core/base/file.h"
#include "core/base/text.h"
#include "datasets/draw.h"
#include "datasets/files.h"

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
  source.ignore_unknown = read_ignores_unknown_ids(map);
  return source;
}

// The ids of a file's column, in the order written.
std::vector<std::string> ids_in_file(const IdSource& source, const std::string& id_column) {
  std::vector<std::string> ids;
  read_named_columns(source.file, {source.column.empty() ? id_column : source.column},
                     source.origin,
                     [&](const std::vector<CsvField>& row) { ids.push_back(row.front().text); });
  return ids;
}

void require_ids(const Dataset& dataset, const Origin& origin) {
  if (!dataset.id_column.empty()) return;
  fail_task(origin, fmt::format("'{}' has no ids: `data: {{id: COLUMN}}` names the column that "
                                "holds them.",
                                dataset.name));
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

}  // namespace

bool read_ignores_unknown_ids(const Settings& settings) {
  return settings.choice("unknown_ids", {.default_value = "error",
                                         .valid = {"error", "ignore"},
                                         .doc = "what becomes of ids that no training row has"}) ==
         "ignore";
}

void read_named_columns(const std::filesystem::path& file, const std::vector<std::string>& names,
                        const Origin& origin,
                        const std::function<void(const std::vector<CsvField>&)>& read) {
  const FileContent content = [&] {
    try {
      return read_file(file, kLongestFile);
    } catch (const FileError& error) {
      fail_task(origin, error.what());
    }
  }();
  CsvReader reader(content.bytes, file.string());
  std::vector<CsvField> row;
  if (!reader.next(row)) {
    fail_task(origin, fmt::format("{} is empty; a line that names the columns was expected.",
                                  file.string()));
  }
  std::vector<std::string> there;
  there.reserve(row.size());
  for (const CsvField& field : row) there.push_back(field.text);
  std::vector<std::size_t> places;
  for (const std::string& name : names) {
    const auto found = std::find(there.begin(), there.end(), name);
    if (found == there.end()) {
      fail_task(origin, fmt::format("{}:1: {}. Its first line names the columns; `column` says "
                                    "which of them holds the ids.",
                                    file.string(), unknown_name_message("column", name, there)));
    }
    places.push_back(static_cast<std::size_t>(found - there.begin()));
  }
  std::vector<CsvField> wanted(names.size());
  while (reader.next(row)) {
    for (std::size_t i = 0; i < names.size(); ++i) {
      if (places[i] >= row.size() || row[places[i]].text.empty()) {
        fail_at_field(reader.where(), row.back(),
                      fmt::format("this row has no {}.", quote(names[i])));
      }
      wanted[i] = row[places[i]];
    }
    read(wanted);
  }
}

Selection select_ids(const std::vector<std::string>& ids, bool ignore_unknown,
                     const Dataset& dataset, const Splits& splits, const Origin& origin) {
  require_ids(dataset, origin);
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
    if (!ignore_unknown) {
      fail_task(origin, message +
                            ". What was not trained on cannot be unlearnt: take them out, or set "
                            "`unknown_ids: ignore` to go on with the others.");
    }
    selection.notes.push_back(message + "; the others are unlearnt");
  }
  selection.rows = sorted_rows(at::tensor(chosen, at::kLong));
  return selection;
}

Choose read_ids(const Settings& settings) {
  return [source = read_id_source(settings)](const Dataset& dataset, const Splits& splits,
                                             const Generator&) {
    require_ids(dataset, source.origin);
    return select_ids(source.file.empty() ? source.list : ids_in_file(source, dataset.id_column),
                      source.ignore_unknown, dataset, splits, source.origin);
  };
}

}  // namespace oubli
