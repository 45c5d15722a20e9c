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

// `count` requests of `each` rows, in an order that is drawn.
Draw read_cut(const Settings& settings) {
  const Settings among = settings.child("from", "rows that are asked for");
  if (among.has("known")) {
    among.fail("known",
               "'known' stands beside the selector of one 'remove': requests that are cut from a "
               "selection are told in full. Write them one by one: `edit: [{remove: {random: "
               "{count: 50}, known: 0.3}}, ...]`.");
  }
  const Selector from = configure_selection(among, "set that requests are drawn from");
  const std::int64_t each =
      settings.integer("each", {.default_value = 1, .at_least = 1, .doc = "rows of one request"});
  const std::int64_t count = settings.integer(
      "count", {.default_value = 0, .at_least = 0, .doc = "requests; 0: as many as there are"});
  return [=, origin = settings.origin()](const LoadedData& data, const Generator& generator) {
    const Selection all = from(data.dataset, data.splits, generator.stream("remove"));
    const std::int64_t there = all.rows.numel() / each;
    if (there < std::max<std::int64_t>(1, count)) {
      fail_at(origin, fmt::format("{} requests of {} rows need {}, and {} are selected.",
                                  std::max<std::int64_t>(1, count), each,
                                  std::max<std::int64_t>(1, count) * each, all.rows.numel()));
    }
    Generator order = generator.stream("requests");
    const Tensor drawn = order.permutation(all.rows.numel());
    std::vector<DrawnEdit> requests;
    for (std::int64_t k = 0; k < (count > 0 ? count : there); ++k) {
      const Tensor places = drawn.narrow(0, k * each, each);
      requests.push_back(removal_of(all.part(std::get<0>(places.sort()))));
    }
    return requests;
  };
}

// Ids by the number of their request, which is a number, a date, or a text in the order in which
// texts first stand there.
struct NumberedIds {
  std::map<double, std::vector<std::string>> by_number;
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

// One request for each number, in their order.
Draw read_numbers(const Settings& settings) {
  const std::filesystem::path file =
      settings.folder_of("file") / settings.path("file", {.doc = "CSV file of requests"});
  const std::string column = settings.text(
      "column", {.default_value = "", .doc = "that holds the ids; default: as in the data"});
  const std::string number = settings.text(
      "number", {.doc = "column with the request's number or date: rows of one are one request"});
  const bool ignore_unknown = read_ignores_unknown_ids(settings);
  return [=, origin = settings.origin()](const LoadedData& data, const Generator&) {
    const NumberedIds ids =
        read_numbered(file, column.empty() ? data.dataset.id_column : column, number, origin);
    std::vector<DrawnEdit> requests;
    Splits left = data.splits;
    for (const auto& [value, list] : ids.by_number) {
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
  if (has_file == has_from) {
    fail_at(settings.origin(),
            "'requests' needs either 'from', a selection that is cut into "
            "requests, or 'file', with a number for each id.");
  }
  return has_file ? read_numbers(settings) : read_cut(settings);
}

}  // namespace oubli
