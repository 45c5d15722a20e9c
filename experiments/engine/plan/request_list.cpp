#include "experiments/engine/plan/request_list.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>

#include "datasets/language/fact_rows.h"
#include "datasets/selectors/fact_choice.h"
#include "experiments/engine/plan/request_file.h"

namespace oubli {
namespace {

// What requests are made of: rows, or all rows of a fact or of a subject together.
enum class RequestUnit { kRow, kFact, kSubject };

const char* units_text(RequestUnit unit) {
  return unit == RequestUnit::kRow ? "rows" : unit == RequestUnit::kFact ? "facts" : "subjects";
}

// A number of each row's unit, the same for rows of one.
Tensor units_of(const Dataset& dataset, const Tensor& rows, RequestUnit unit) {
  if (unit == RequestUnit::kRow) return at::arange(rows.numel());
  const Tensor facts = fact_numbers(dataset).index_select(0, rows);
  if (unit == RequestUnit::kFact) return std::get<1>(at::_unique(facts, true, true));
  const FactIndex index(dataset);
  std::vector<std::int64_t> subjects;
  for (std::int64_t i = 0; i < facts.numel(); ++i) {
    subjects.push_back(index.at(facts[i].item<std::int64_t>()).subject);
  }
  return std::get<1>(at::_unique(at::tensor(subjects, at::kLong), true, true));
}

// `count` requests of `each` rows, facts or subjects, in an order that is drawn; of all of them the
// last may have fewer.
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
  const RequestUnit unit = among.has("facts")      ? RequestUnit::kFact
                           : among.has("subjects") ? RequestUnit::kSubject
                                                   : RequestUnit::kRow;
  return [=, origin = settings.origin()](LoadedData& data, const Generator& generator) {
    const Selection all = from(data.dataset, data.splits, generator.stream("remove"));
    const Tensor unit_of = units_of(data.dataset, all.rows, unit);
    const std::int64_t there = unit_of.max().item<std::int64_t>() + 1;
    const std::int64_t requests_in_all = count > 0 ? count : (there + each - 1) / each;
    if (there < count * each) {
      fail_at(origin, fmt::format("{} requests of {} {} need {}, and {} are selected.", count, each,
                                  units_text(unit), count * each, there));
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
      const Tensor units = drawn.narrow(0, k * each, std::min(each, there - k * each));
      const Tensor places = unit == RequestUnit::kRow
                                ? std::get<0>(units.sort())
                                : at::isin(unit_of, units).nonzero().squeeze(1);
      requests.push_back({all.part(places), {no_rows()}});
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
      const FactRows rows = append_changed_facts(data, train, all.facts.narrow(0, begin, facts),
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
    settings.require_known(read_requests);
    fail_at(
        settings.origin(),
        "'requests' needs one of 'from', a selection that is cut into requests, 'change', facts "
        "that become others, and 'file', a CSV file of ids.");
  }
  const std::int64_t each =
      settings.integer("each", {.default_value = 1,
                                .at_least = 1,
                                .doc = "rows of one request, or facts or subjects where those "
                                       "are selected; of a file, lines"});
  if (settings.is_describing()) read_cut(settings, each);
  if (has_change || settings.is_describing()) {
    const DrawRequests changes = read_changes(settings, each);
    if (has_change) return changes;
  }
  return has_from ? read_cut(settings, each) : read_file_of_requests(settings, each);
}

}  // namespace oubli
