#include "experiments/engine/plan/request_list.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>

#include "datasets/language/fact_rows.h"
#include "datasets/selectors/fact_choice.h"
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
  return [=, origin = settings.origin()](LoadedData& data, const Generator& generator) {
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

// Facts that become others, `each` of them in a request, in the order that they are drawn.
DrawRequests read_changes(const Settings& settings, std::int64_t each) {
  const FactChoice choice = read_fact_choice(
      settings.child("change", "facts that become others, or give 'from' or 'file'"), true);
  if (settings.is_describing()) return {};
  return [=](LoadedData& data, const Generator& generator) {
    const Tensor train = data.splits.train;
    const ChosenFacts all = choice(data.dataset, train, generator.stream("change"));
    const std::int64_t count = all.facts.numel();
    std::vector<DrawnEdit> requests;
    for (std::int64_t begin = 0; begin < count; begin += each) {
      const std::int64_t facts = std::min(each, count - begin);
      const auto first = all.objects.begin() + begin;
      const FactRows rows = append_changed_facts(
          data, train, all.facts.narrow(0, begin, facts),
          std::vector<std::int32_t>(first, first + facts));
      requests.push_back({{rows.before}, {rows.after}});
    }
    return requests;
  };
}

}  // namespace

DrawRequests read_requests(const Settings& settings) {
  const bool has_file = settings.has("file"), has_from = settings.has("from");
  const bool has_change = settings.has("change");
  if (has_file + has_from + has_change != 1 && !settings.is_describing()) {
    fail_at(settings.origin(),
            "'requests' needs one of 'from', a selection that is cut into requests, 'change', facts "
            "that become others, and 'file', a CSV file of ids.");
  }
  const std::int64_t each = settings.integer(
      "each", {.default_value = 1, .at_least = 1, .doc = "rows of one request; of a file, lines; of changes, facts"});
  if (settings.is_describing()) read_cut(settings, each);
  if (has_change || settings.is_describing()) {
    const DrawRequests changes = read_changes(settings, each);
    if (has_change) return changes;
  }
  return has_from ? read_cut(settings, each) : read_file_of_requests(settings, each);
}

}  // namespace oubli
