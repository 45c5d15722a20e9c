#include "experiments/engine/report/edited_rows.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <iterator>
#include <set>
#include <utility>

namespace oubli {
namespace {

// The ids of rows, in their order, each once; empty where the data has none.
std::vector<std::string> ids_of(const Subset& subset) {
  const Dataset& data = *subset.dataset;
  std::vector<std::string> ids;
  if (data.id_column.empty()) return ids;
  const RowColumn& column = data.columns.at(data.id_column);
  std::set<std::string> seen;
  const Tensor rows = subset.rows.contiguous();
  for (std::int64_t i = 0; i < rows.numel(); ++i) {
    std::string id = column.text(rows.const_data_ptr<std::int64_t>()[i]);
    if (seen.insert(id).second) ids.push_back(std::move(id));
  }
  return ids;
}

void add_rows(Json& record, const char* key, const Subset& subset,
              const std::vector<std::string>& ids) {
  if (subset.empty()) return;
  record[key] = {{"rows", subset.size()}};
  if (!ids.empty()) record[key]["ids"] = ids;
}

// The ids of `whole` in the order in which requests name them.
std::vector<std::string> in_order_of_requests(const Experiment& experiment, std::size_t requests,
                                              Subset Task::*part, const Subset& whole) {
  std::vector<std::string> ids = ids_of(whole);
  std::set<std::string> left(ids.begin(), ids.end());
  ids.clear();
  for (std::size_t k = 0; k < requests; ++k) {
    for (std::string& id : ids_of(experiment.requests[k].task.*part)) {
      if (left.erase(id) > 0) ids.push_back(std::move(id));
    }
  }
  return ids;
}

std::vector<std::string> sorted_ids(const Json& record, const char* key) {
  std::vector<std::string> ids;
  if (record.contains(key) && record.at(key).contains("ids")) record.at(key).at("ids").get_to(ids);
  std::sort(ids.begin(), ids.end());
  return ids;
}

}  // namespace

EditedRows edited_rows(const Experiment& experiment, std::size_t requests) {
  if (requests == 0) return {experiment.task.forget, experiment.task.added};
  const Subset& first = experiment.requests.front().task.train;
  Tensor seen = first.rows;
  for (std::size_t k = 0; k < requests; ++k) {
    seen = rows_union(seen, experiment.requests[k].task.added.rows);
  }
  const Tensor& left = experiment.requests[requests - 1].task.retain.rows;
  return {first.with_rows(rows_difference(seen, left)),
          first.with_rows(rows_difference(left, first.rows))};
}

Json edited_rows_record(const Experiment& experiment, std::size_t requests) {
  Json record = Json::object();
  const EditedRows whole = edited_rows(experiment, requests);
  if (requests == 0) {
    add_rows(record, "removed", whole.removed, ids_of(whole.removed));
    add_rows(record, "added", whole.added, ids_of(whole.added));
    return record;
  }
  add_rows(record, "removed", whole.removed,
           in_order_of_requests(experiment, requests, &Task::forget, whole.removed));
  add_rows(record, "added", whole.added,
           in_order_of_requests(experiment, requests, &Task::added, whole.added));
  record["requests"] = Json::array();
  for (std::size_t k = 0; k < requests; ++k) {
    const Task& task = experiment.requests[k].task;
    Json request = Json::object();
    add_rows(request, "removed", task.forget, ids_of(task.forget));
    add_rows(request, "added", task.added, ids_of(task.added));
    record["requests"].push_back(std::move(request));
  }
  return record;
}

EditedRowsDifference difference_of_rows(const Json& first, const Json& second, const char* key) {
  EditedRowsDifference found;
  const std::vector<std::string> one = sorted_ids(first, key), other = sorted_ids(second, key);
  std::set_difference(one.begin(), one.end(), other.begin(), other.end(),
                      std::back_inserter(found.only_first));
  std::set_difference(other.begin(), other.end(), one.begin(), one.end(),
                      std::back_inserter(found.only_second));
  if (first.contains(key)) found.first_rows = whole_number(first.at(key).at("rows"));
  if (second.contains(key)) found.second_rows = whole_number(second.at(key).at("rows"));
  return found;
}

}  // namespace oubli
