#include "experiments/engine/plan/request_file.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <map>
#include <utility>

#include "core/base/text.h"
#include "core/data/row_column.h"
#include "datasets/faults.h"
#include "datasets/selectors/ids.h"

namespace oubli {
namespace {

// One request of a file, and what messages call it.
struct ListedRequest {
  std::string name;
  std::vector<std::string> ids;
};

struct RequestFile {
  IdFile file;
  std::string id_column, number_column;  // "" for the data's, and for none
  std::int64_t each = 1;
  bool ignore_unknown = false;
};

// A line of a file of requests: the field that numbers it, and its id.
struct NumberedId {
  CsvField number;
  std::string id;
};

// Numbers are numbers or dates, all of them, or texts. Tells every line that is not like the first.
void require_like_numbers(const std::vector<NumberedId>& lines, const std::string& file) {
  if (lines.empty()) return;
  const bool first_is_text = std::isnan(number_or_days(lines.front().number.text));
  std::vector<std::string> faults;
  for (const NumberedId& line : lines) {
    const CsvField& field = line.number;
    if (std::isnan(number_or_days(field.text)) == first_is_text) continue;
    faults.push_back(
        fmt::format("{}:{}:{}: {}{}", file, field.line, field.column, quote(field.text),
                    first_is_text ? " is a number or a date, and those before it are none."
                                  : " is no number and no date, as those before it."));
  }
  if (!faults.empty()) throw Error(ErrorKind::kData, all_faults(faults));
}

// By their number, which is a number, a date, or a text in the order in which texts first stand
// there.
std::vector<ListedRequest> read_numbered(const RequestFile& source, const std::string& id_column) {
  std::vector<NumberedId> lines;
  read_named_columns(source.file, {id_column, source.number_column},
                     [&](const std::vector<CsvField>& row) {
                       lines.push_back({row.back(), row.front().text});
                     });
  require_like_numbers(lines, source.file.path.string());
  std::map<std::string, double> texts;
  std::map<double, ListedRequest> by_number;
  for (const NumberedId& line : lines) {
    const std::string& text = line.number.text;
    const double value = number_or_days(text);
    const double number = std::isnan(value)
                              ? texts.emplace(text, static_cast<double>(texts.size())).first->second
                              : value;
    ListedRequest& request = by_number[number];
    request.name = fmt::format("{} {}", clipped(source.number_column), clipped(text));
    request.ids.push_back(line.id);
  }
  std::vector<ListedRequest> requests;
  requests.reserve(by_number.size());
  for (auto& [number, request] : by_number) {
    request.name = fmt::format("request {} ({})", requests.size() + 1, request.name);
    requests.push_back(std::move(request));
  }
  return requests;
}

// The ids of a file as they stand there, `each` lines to a request.
std::vector<ListedRequest> read_lines(const RequestFile& source, const std::string& id_column) {
  std::vector<ListedRequest> requests;
  read_named_columns(source.file, {id_column}, [&](const std::vector<CsvField>& row) {
    if (requests.empty() || static_cast<std::int64_t>(requests.back().ids.size()) == source.each) {
      requests.push_back(
          {fmt::format("request {} (line {})", requests.size() + 1, row.front().line), {}});
    }
    requests.back().ids.push_back(row.front().text);
  });
  return requests;
}

// What a request selects of the rows that are `left`; what is wrong is told with the others.
Selection select_request(const ListedRequest& request, const RowsOfIds::Found& found,
                         const Splits& left, const RequestFile& source,
                         std::vector<std::string>& faults) {
  Selection one{found.rows};
  if (one.rows.numel() > 0 && one.rows.numel() == left.train.numel()) {
    faults.push_back(
        fmt::format("{} asks for all {} rows that are left: nothing is left to train "
                    "on",
                    request.name, one.rows.numel()));
  }
  if (!found.answered.empty()) {
    one.notes.push_back(fmt::format("{}: {}", request.name, found.answered));
  }
  if (found.unknown.empty()) return one;
  const std::string message = fmt::format("{}: {}", request.name, found.unknown);
  if (!source.ignore_unknown) {
    faults.push_back(message);
  } else {
    one.notes.push_back(
        message + (one.rows.numel() == 0 ? "; it removes nothing" : "; the others are unlearnt"));
  }
  return one;
}

// One after another, of the rows that those before them left. A request whose ids are all unknown,
// or removed already, is answered too: by an edit that removes nothing.
std::vector<DrawnEdit> select_requests(const std::vector<ListedRequest>& list,
                                       const RequestFile& source, const RowsOfIds& rows,
                                       const LoadedData& data) {
  const Origin& origin = source.file.origin;
  std::vector<DrawnEdit> requests;
  std::vector<std::string> faults;
  std::string advice;
  RemovedIds removed;
  Splits left = data.splits;
  for (const ListedRequest& request : list) {
    const RowsOfIds::Found found = rows.find(request.ids, left, removed);
    if (!found.unknown.empty() && advice.size() < found.advice.size()) advice = found.advice;
    requests.push_back({select_request(request, found, left, source, faults), {no_rows()}});
    left.train = rows_difference(left.train, found.rows);
    for (const std::string& id : found.ids) {
      removed.emplace(id, static_cast<std::int64_t>(requests.size()));
    }
  }
  if (!faults.empty()) {
    fail_task(origin,
              fmt::format("{}.{}{}", all_faults(faults), advice.empty() ? "" : " ", advice));
  }
  const bool removes_any =
      std::any_of(requests.begin(), requests.end(),
                  [](const DrawnEdit& request) { return request.removed.rows.numel() > 0; });
  if (!removes_any) {
    fail_task(origin, fmt::format("{} holds no id that a training row has: nothing is removed.",
                                  source.file.path.string()));
  }
  return requests;
}

}  // namespace

DrawRequests read_file_of_requests(const Settings& settings, std::int64_t each) {
  RequestFile source;
  source.each = each;
  source.file.origin = settings.origin();
  source.file.path =
      settings.folder_of("file") /
      settings.path("file", {.default_value = "",
                             .doc = "CSV file of ids in the order of requests, or give 'from'"});
  source.file.delimiter = read_ids_delimiter(settings);
  source.id_column = settings.text(
      "column",
      {.default_value = "", .doc = "with 'file': that holds the ids; default: as in the data"});
  source.number_column = settings.text(
      "number", {.default_value = "",
                 .doc = "with 'file': column with each id's request, a number or a date; default: "
                        "each line is a request"});
  source.ignore_unknown = read_ignores_unknown_ids(settings);
  if (!source.number_column.empty() && each != 1) {  // 1 is what a run writes down
    settings.fail("each",
                  "'number' says which ids are one request, and so does 'each': leave one out.");
  }
  return [source](LoadedData& data, const Generator&) {
    const RowsOfIds rows(data.dataset, source.file.origin);
    const std::string ids = source.id_column.empty() ? data.dataset.id_column : source.id_column;
    const std::vector<ListedRequest> list =
        source.number_column.empty() ? read_lines(source, ids) : read_numbered(source, ids);
    if (list.empty()) {
      fail_at(source.file.origin, fmt::format("{} holds no request.", source.file.path.string()));
    }
    return select_requests(list, source, rows, data);
  };
}

}  // namespace oubli
