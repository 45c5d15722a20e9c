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
#include <string_view>
#include <utility>

#include "core/base/file.h"
#include "core/base/text.h"
#include "datasets/draw.h"
#include "datasets/faults.h"
#include "datasets/files.h"

namespace oubli {
namespace {

constexpr std::uint64_t kLongestFile = std::uint64_t{1} << 30;

// Where ids are written, and what happens to those that nobody was trained on.
struct IdSource {
  std::vector<std::string> list;
  IdFile file;         // without a path for a list
  std::string column;  // of the file; "" for the data's id column
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
  if (node != nullptr && node->kind == SettingsNode::Kind::kScalar) {
    fail_at(node->origin,
            fmt::format("'ids' is {}, expected a list or a map: `ids: {{file: {}}}` reads a file, "
                        "`ids: [{}]` is one id.",
                        quote(node->scalar), clipped(node->scalar), clipped(node->scalar)));
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
    source.file.path = map.folder_of("file") /
                       map.path("file", {.doc = "CSV file with a column of ids, or give 'list'"});
    source.file.delimiter = read_ids_delimiter(map);
    source.file.origin = source.origin;
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
    places_[place_of(rows)].push_back(quote(id));
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
  std::string advice() const {
    std::string text;
    if (places_.contains(kInValidation)) {
      text =
          "Were validation rows drawn from what the model was trained on? `data: "
          "{validation_fraction: 0}` draws none. ";
    }
    text +=
        "What was not trained on cannot be unlearnt: take them out, or set `unknown_ids: "
        "ignore` to go on with the others.";
    if (places_.contains(kInNoRow)) {
      text +=
          " If their rows were deleted from the table after an earlier answer: keep the rows "
          "until the model is trained anew, or begin anew from the edited weights (`original: "
          "{weights: edited/edited.safetensors}`) with the requests that are new.";
    }
    return text;
  }

 private:
  static constexpr const char* kInValidation = "in the validation set only";
  static constexpr const char* kInNoRow = "in no row";

  std::string place_of(const std::vector<std::int64_t>& rows) const {
    const Tensor all = at::tensor(rows, at::kLong);
    if (at::isin(all, splits_.validation).any().item<bool>()) return kInValidation;
    if (at::isin(all, splits_.test).any().item<bool>()) return "in the test set only";
    return rows.empty() ? kInNoRow : "in rows that are left out, or no longer there";
  }

  const Splits& splits_;
  std::map<std::string, std::vector<std::string>> places_;
  std::size_t count_ = 0;
};

// Ids by the request that removed them.
std::string answered_text(const std::map<std::int64_t, std::vector<std::string>>& ids_of) {
  std::vector<std::string> parts;
  parts.reserve(ids_of.size());
  for (const auto& [request, ids] : ids_of) {
    parts.push_back(fmt::format("{} {} already removed by request {}", listed(ids),
                                ids.size() == 1 ? "was" : "were", request));
  }
  return fmt::format("{}", fmt::join(parts, "; "));
}

std::vector<std::string> texts_of(const std::vector<CsvField>& row) {
  std::vector<std::string> texts;
  texts.reserve(row.size());
  for (const CsvField& field : row) texts.push_back(field.text);
  return texts;
}

// Of the named columns, by the first line.
std::vector<std::size_t> places_of_columns(CsvReader& reader, const std::vector<std::string>& names,
                                           const IdFile& file) {
  std::vector<CsvField> row;
  if (!reader.next(row)) {
    fail_task(file.origin, fmt::format("{} is empty; a line that names the columns was expected.",
                                       reader.where()));
  }
  const std::vector<std::string> there = texts_of(row);
  std::vector<std::size_t> places;
  std::vector<std::string> unknown;
  for (const std::string& name : names) {
    const auto found = std::find(there.begin(), there.end(), name);
    places.push_back(static_cast<std::size_t>(found - there.begin()));
    if (found == there.end()) unknown.push_back(unknown_name_message("column", name, there));
  }
  if (unknown.empty()) return places;
  fail_task(file.origin, fmt::format("{}:1: {} Its first line names the columns; {}",
                                     reader.where(), fmt::join(unknown, " "), file.advice));
}

}  // namespace

bool read_ignores_unknown_ids(const Settings& settings) {
  return settings.choice("unknown_ids", {.default_value = "error",
                                         .valid = {"error", "ignore"},
                                         .doc = "what becomes of ids that no training row has"}) ==
         "ignore";
}

char read_ids_delimiter(const Settings& settings) {
  const std::string name = settings.choice(
      "delimiter", {.default_value = "auto",
                    .valid = {"auto", ",", ";", "tab", "|"},
                    .doc = "what stands between fields; auto: what sets the names in the first "
                           "line apart"});
  return name == "auto" ? '\0' : name == "tab" ? '\t' : name.front();
}

void read_named_columns(const IdFile& file, const std::vector<std::string>& names,
                        const std::function<void(const std::vector<CsvField>&)>& read) {
  const FileContent content = [&] {
    try {
      return read_file(file.path, kLongestFile);
    } catch (const FileError& error) {
      fail_task(file.origin, error.what());
    }
  }();
  const std::string where = file.path.string();
  CsvReader reader(
      content.bytes, where,
      file.delimiter != '\0' ? file.delimiter : delimiter_of(content.bytes, where, names));
  const std::vector<std::size_t> places = places_of_columns(reader, names, file);
  std::vector<CsvField> row, wanted(names.size());
  std::vector<std::string> faults;
  while (reader.next(row)) {
    bool is_whole = true;
    for (std::size_t i = 0; i < names.size() && is_whole; ++i) {
      is_whole = places[i] < row.size() && !row[places[i]].text.empty();
      if (is_whole) {
        wanted[i] = row[places[i]];
      } else {
        faults.push_back(fmt::format("{}:{}:{}: this row has no {}.", reader.where(),
                                     row.back().line, row.back().column, quote(names[i])));
      }
    }
    if (is_whole) read(wanted);
  }
  if (!faults.empty()) throw Error(ErrorKind::kData, all_faults(faults));
}

RowsOfIds::RowsOfIds(const Dataset& dataset, const Origin& origin) : size_(dataset.size()) {
  require_ids(dataset, origin);
  const RowColumn& column = dataset.columns.at(dataset.id_column);
  for (std::size_t row = 0; row < column.level_of.size(); ++row) {
    if (column.level_of[row] < 0) continue;  // a row of nobody
    rows_of_[column.levels[static_cast<std::size_t>(column.level_of[row])]].push_back(
        static_cast<std::int64_t>(row));
  }
}

RowsOfIds::Found RowsOfIds::find(const std::vector<std::string>& ids, const Splits& splits,
                                 const RemovedIds& removed) const {
  std::vector<bool> trained(static_cast<std::size_t>(size_));
  const auto* train = splits.train.const_data_ptr<std::int64_t>();
  for (std::int64_t i = 0; i < splits.train.numel(); ++i) {
    trained[static_cast<std::size_t>(train[i])] = true;
  }
  Found result;
  std::vector<std::int64_t> chosen;
  std::set<std::string> seen;
  std::map<std::int64_t, std::vector<std::string>> answered;
  UnknownIds unknown(splits);
  for (const std::string& id : ids) {
    if (!seen.insert(id).second) continue;
    const auto found = rows_of_.find(id);
    const std::vector<std::int64_t> rows =
        found == rows_of_.end() ? std::vector<std::int64_t>{} : found->second;
    const std::size_t before = chosen.size();
    std::copy_if(rows.begin(), rows.end(), std::back_inserter(chosen),
                 [&](std::int64_t row) { return trained[static_cast<std::size_t>(row)]; });
    if (chosen.size() > before) {
      result.ids.push_back(id);
    } else if (const auto request = removed.find(id); request != removed.end()) {
      answered[request->second].push_back(clipped(id));
    } else {
      unknown.add(id, rows);
    }
  }
  result.rows = sorted_rows(at::tensor(chosen, at::kLong));
  result.answered = answered_text(answered);
  result.advice = unknown.advice();
  if (unknown.count() > 0) {
    result.unknown = fmt::format("{} of {} ids are in no training row: {}", unknown.count(),
                                 seen.size(), unknown.text());
  }
  return result;
}

Choose read_ids(const Settings& settings) {
  return [source = read_id_source(settings)](const Dataset& dataset, const Splits& splits,
                                             const Generator&) {
    const RowsOfIds rows(dataset, source.origin);
    RowsOfIds::Found found = rows.find(
        source.file.path.empty() ? source.list : ids_in_file(source, dataset.id_column), splits);
    if (found.unknown.empty()) return Selection{std::move(found.rows)};
    if (!source.ignore_unknown) fail_task(source.origin, found.unknown + ". " + found.advice);
    Selection selection{std::move(found.rows)};
    selection.notes.push_back(found.unknown + "; the others are unlearnt");
    return selection;
  };
}

}  // namespace oubli
