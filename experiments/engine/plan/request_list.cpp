#include "experiments/engine/plan/request_list.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>

#include "experiments/engine/plan/request_file.h"

namespace oubli {
namespace {

// `count` requests of `each` rows, in an order that is drawn; of all rows the last may have fewer.
DrawRequests read_cut(const Settings& settings, std::int64_t each) {
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
      requests.push_back({all.part(std::get<0>(places.sort())), {no_rows()}});
    }
    return requests;
  };
}

}  // namespace

DrawRequests read_requests(const Settings& settings) {
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
