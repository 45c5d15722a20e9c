#include "experiments/engine/plan/request_list.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <map>

#include "core/base/text.h"
#include "core/data/row_column.h"
#include "datasets/draw.h"
#include "datasets/selectors/ids.h"

namespace oubli {
namespace {

using Draw = std::function<std::vector<DrawnEdit>(const LoadedData&, const Generator&)>;

DrawnEdit removal_of(Selection selection) { return {std::move(selection), {no_rows()}}; }

// `count` requests of `each` rows, in an order that is drawn; of all rows the last may have fewer.
Draw read_cut(const Settings& settings, std::int64_t each) {
  const Settings among =
      settings.child("from", "rows that are asked for, in an order that is drawn, or give 'file'");
  if (among.node().find("known") != nullptr) {
    among.fail("known",
               "'known' stands beside the selector of one 'remove': requests that are cut from a "
               "selection are told in full. Write them one by one: `edit: [{remove: {random: "
               "{count: 50}, known: 0.3}}, ...]`.");
  }
  const std::int64_t count =
      settings.integer("count", {.default_value = 0,
                                 .at_least = 0,
                                 .doc = "with 'from': requests; 0: as many as "
                                        "there are"});
  if (settings.is_describing()) return {};
  const Selector from = configure_selection(among, "set that requests are drawn from");
  const bool is_list = among.has("ids") || among.has("indices");
  return [=, origin = settings.origin()](const LoadedData& data, const Generator& generator) {
    const Selection all = from(data.dataset, data.splits, generator.stream("remove"));
    const std::int64_t there = all.rows.numel();
    const std::int64_t requests_in_all = count > 0 ? count : (there + each - 1) / each;
    if (there < count * each) {
      fail_at(origin, fmt::format("{} requests of {} rows need {}, and {} are selected.", count,
                                  each, count * each, there));
    }
    if (is_list && requests_in_all * each < there) {
      fail_at(origin, fmt::format("{} requests of {} rows leave {} of the {} that are listed "
                                  "unanswered: leave 'count' out to answer all.",
                                  count, each, there - requests_in_all * each, there));
    }
    Generator order = generator.stream("requests");
    const Tensor drawn = order.permutation(there);
    std::vector<DrawnEdit> requests;
    for (std::int64_t k = 0; k < requests_in_all; ++k) {
      const Tensor places = drawn.narrow(0, k * each, std::min(each, there - k * each));
      requests.push_back(removal_of(all.part(std::get<0>(places.sort()))));
    }
    return requests;
  };
}

// Ids by the number of their request, which is a number, a date, or a text in the order in which
// texts first stand there.
struct NumberedIds {
  std::map<double, std::vector<std::string>> by_number;

  std::vector<std::vector<std::string>> in_order() const {
    std::vector<std::vector<std::string>> lists;
    lists.reserve(by_number.size());
    for (const auto& [number, ids] : by_number) lists.push_back(ids);
    return lists;
  }
};

NumberedIds read_numbered(const std::filesystem::path& file, const std::string& id_column,
                          const std::string& number_column, const Origin& origin) {
  NumberedIds ids;
  std::map<std::string, double> texts;
  bool any_number = false;
  read_named_columns(
      file, {id_column, number_column}, origin, [&](const std::vector<CsvField>& row) {
        const std::string& text = row.back().text;
        double value = number_or_days(text);
        if (std::isnan(value)) {
          if (any_number) {
            fail_at_field(
                file.string(), row.back(),
                fmt::format("{} is no number and no date, as those before it.", quote(text)));
          }
          value = texts.emplace(text, static_cast<double>(texts.size())).first->second;
        } else if (!texts.empty()) {
          fail_at_field(
              file.string(), row.back(),
              fmt::format("{} is a number or a date, and those before it are none.", quote(text)));
        } else {
          any_number = true;
        }
        ids.by_number[value].push_back(row.front().text);
      });
  return ids;
}

// The ids of a file as they stand there, `each` lines to a request.
std::vector<std::vector<std::string>> read_lines(const std::filesystem::path& file,
                                                 const std::string& id_column, std::int64_t each,
                                                 const Origin& origin) {
  std::vector<std::vector<std::string>> requests;
  read_named_columns(file, {id_column}, origin, [&](const std::vector<CsvField>& row) {
    if (requests.empty() || static_cast<std::int64_t>(requests.back().size()) == each) {
      requests.emplace_back();
    }
    requests.back().push_back(row.front().text);
  });
  return requests;
}

// One request for each number, in their order; without numbers, in the order of the lines.
Draw read_file_of_requests(const Settings& settings, std::int64_t each) {
  const std::filesystem::path file =
      settings.folder_of("file") /
      settings.path("file", {.default_value = "",
                             .doc = "CSV file of ids in the order of requests, or give 'from'"});
  const std::string column = settings.text(
      "column",
      {.default_value = "", .doc = "with 'file': that holds the ids; default: as in the data"});
  const std::string number = settings.text(
      "number", {.default_value = "",
                 .doc = "with 'file': column with each id's request, a number or a date; default: "
                        "each line is a request"});
  const bool ignore_unknown = read_ignores_unknown_ids(settings);
  if (!number.empty() && settings.has("each")) {
    settings.fail("each",
                  "'number' says which ids are one request, and so does 'each': leave one out.");
  }
  return [=, origin = settings.origin()](const LoadedData& data, const Generator&) {
    const std::string ids = column.empty() ? data.dataset.id_column : column;
    const std::vector<std::vector<std::string>> lists =
        number.empty() ? read_lines(file, ids, each, origin)
                       : read_numbered(file, ids, number, origin).in_order();
    std::vector<DrawnEdit> requests;
    Splits left = data.splits;
    for (const std::vector<std::string>& list : lists) {
      Selection one = select_ids(list, ignore_unknown, data.dataset, left, origin);
      require_some_but_not_all(one, left, origin, "forget set");
      left.train = rows_difference(left.train, one.rows);
      requests.push_back(removal_of(std::move(one)));
    }
    if (requests.empty()) fail_at(origin, fmt::format("{} holds no request.", file.string()));
    return requests;
  };
}

}  // namespace

Draw read_requests(const Settings& settings) {
  const bool has_file = settings.has("file"), has_from = settings.has("from");
  if (has_file == has_from && !settings.is_describing()) {
    fail_at(settings.origin(),
            "'requests' needs either 'from', a selection that is cut into requests, or 'file', a "
            "CSV file of ids.");
  }
  const std::int64_t each = settings.integer(
      "each", {.default_value = 1, .at_least = 1, .doc = "rows of one request; of a file, lines"});
  if (settings.is_describing()) read_cut(settings, each);
  return has_from ? read_cut(settings, each) : read_file_of_requests(settings, each);
}

}  // namespace oubli
