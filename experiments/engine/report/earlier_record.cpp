#include "experiments/engine/report/earlier_record.h"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <set>

#include "core/base/file.h"
#include "core/base/text.h"
#include "datasets/row_file.h"
#include "experiments/engine/report/edit_record.h"
#include "experiments/engine/report/edited_rows.h"
#include "experiments/engine/report/record_settings.h"

namespace oubli {
namespace {

namespace fs = std::filesystem;

struct EarlierEdit {
  const Json& record;
  const fs::path& folder;
  const Experiment& experiment;
  const MethodRow& row;
  Json asked = edited_rows_record(experiment, experiment.requests.size());  // of this one
};

std::size_t requests_in(const Json& record) {
  return record.contains("requests") ? record.at("requests").size() : 0;
}

void add_ids(const Json& holder, const char* key, std::vector<std::string>& ids) {
  if (!holder.contains(key) || !holder.at(key).contains("ids")) return;
  for (const Json& id : holder.at(key).at("ids")) ids.push_back(id.get<std::string>());
}

// Of a sequence those of each request too: what one removes a later one may have added again.
std::vector<std::string> all_ids(const Json& record, const char* key) {
  std::vector<std::string> ids;
  for (std::size_t k = 0; k < requests_in(record); ++k) add_ids(record.at("requests")[k], key, ids);
  add_ids(record, key, ids);
  return ids;
}

// Of data without ids.
std::vector<std::string> lost_rows(const EarlierEdit& edit, const char* key, const Subset& now) {
  std::vector<std::string> lost;
  const Json& set = edit.record.at(key);
  const Tensor rows = read_rows(edit.folder / set.at("file").get<std::string>());
  const Tensor left = rows.index({at::isin(rows, now.rows).logical_not()}).contiguous();
  for (std::int64_t i = 0; i < left.numel(); ++i) {
    lost.push_back(fmt::format("row {}", left.const_data_ptr<std::int64_t>()[i]));
  }
  return lost;
}

// Whom this edit leaves where the earlier one did not.
std::vector<std::string> lost_of(const EarlierEdit& edit, const char* key) {
  if (!edit.record.contains(key)) return {};
  if (!edit.record.at(key).contains("ids")) {
    const EditedRows now = edited_rows(edit.experiment, edit.experiment.requests.size());
    return lost_rows(edit, key, std::string(key) == "removed" ? now.removed : now.added);
  }
  const std::vector<std::string> now = all_ids(edit.asked, key);
  std::set<std::string> known(now.begin(), now.end());
  std::vector<std::string> lost;
  for (const std::string& id : all_ids(edit.record, key)) {
    if (known.insert(id).second) lost.push_back(id);
  }
  return lost;
}

std::string rows_said(const std::vector<std::string>& ids, std::int64_t rows) {
  return ids.empty() ? fmt::format("{} row{}", rows, rows == 1 ? "" : "s") : listed(ids);
}

// The first request that is not the one it was.
std::string other_order(const EarlierEdit& edit) {
  const std::size_t before = requests_in(edit.record), now = requests_in(edit.asked);
  for (std::size_t k = 0; k < std::min(before, now); ++k) {
    for (const char* key : {"removed", "added"}) {
      const EditedRowsDifference found =
          difference_of_rows(edit.record.at("requests")[k], edit.asked.at("requests")[k], key);
      // A table that names its rows by now is the same table.
      const Json& was = edit.record.at("requests")[k];
      const bool has_ids = was.contains(key) && was.at(key).contains("ids");
      if (found.first_rows == found.second_rows && (!has_ids || found.is_none())) continue;
      return fmt::format("request {} of it {} {}, and here {}", k + 1, key,
                         rows_said(found.only_first, found.first_rows),
                         rows_said(found.only_second, found.second_rows));
    }
  }
  if (now >= before) return "";
  return fmt::format("only {} {} asked for here", now, now == 1 ? "is" : "are");
}

// What would be lost of whom it answered.
std::vector<std::string> lost_answers(const EarlierEdit& edit) {
  std::vector<std::string> reasons;
  for (const char* key : {"removed", "added"}) {
    const std::vector<std::string> lost = lost_of(edit, key);
    if (lost.empty()) continue;
    reasons.push_back(
        fmt::format("{}, which it {}, {} not asked for here and would be {}", listed(lost), key,
                    lost.size() == 1 ? "is" : "are",
                    std::string(key) == "removed" ? "back in the model" : "out again"));
  }
  if (!reasons.empty()) return reasons;
  const bool was_sequence = requests_in(edit.record) > 0;
  if (was_sequence != (requests_in(edit.asked) > 0)) {
    return {was_sequence ? "here they are one edit, and what is known of each would be lost"
                         : "here are requests, one after another"};
  }
  if (std::string order = other_order(edit); !order.empty()) reasons.push_back(std::move(order));
  return reasons;
}

// Why its answers are none of this experiment's.
std::vector<std::string> other_ways(const EarlierEdit& edit) {
  std::vector<std::string> reasons;
  const Json& input = edit.record.at("input");
  const std::string file = input.at("file").get<std::string>();
  const auto& given = edit.experiment.original_hashes;
  const bool was_given = fs::path(file).is_absolute();
  if (was_given == given.empty() || (was_given && input.at("sha256") != given.front())) {
    reasons.push_back(fmt::format("it edited other weights ({}, SHA-256 {:.16}...)", file,
                                  input.at("sha256").get<std::string>()));
  }
  const std::string data = edit.record.at("data").at("sha256").get<std::string>();
  if (data != edit.experiment.data_hash) {
    reasons.push_back(
        fmt::format("the data held something else then (SHA-256 {:.16}..., now "
                    "{:.16}...)",
                    data, edit.experiment.data_hash));
  }
  const Json& method = edit.record.at("method");
  const std::string other_method = method_difference(method, edit.row);
  if (!other_method.empty()) {
    reasons.push_back("its method had other settings: " + other_method);
  } else if (method.at("version") != edit.row.info.version) {
    reasons.push_back(fmt::format("{} was of version {} then, and is of {}", edit.row.info.name,
                                  method.at("version").dump(), edit.row.info.version));
  }
  const fs::path settings = edit.folder / edit.record.at("settings").at("file").get<std::string>();
  const std::string other_training = training_difference(settings, edit.experiment);
  if (!other_training.empty()) reasons.push_back("its settings were others: " + other_training);
  return reasons;
}

std::string answered(const Json& record) {
  if (const std::size_t requests = requests_in(record); requests > 0) {
    return fmt::format("answers {} request{}", requests, requests == 1 ? "" : "s");
  }
  const char* key = record.contains("removed") ? "removed" : "added";
  return record.contains(key)
             ? fmt::format("says that {} rows were {}", record.at(key).at("rows").dump(), key)
             : "is of an edit";
}

constexpr const char* kAdvice =
    "Give another folder with --output, or `--replace` to write over it on purpose.";

}  // namespace

Json earlier_record(const fs::path& folder, const Experiment& experiment, const MethodRow& row,
                    bool replaces) {
  const fs::path path = folder / kRecordJson;
  if (!is_there(path)) return nullptr;
  std::string problem;
  try {
    Json record = read_edit_record(path);
    const EarlierEdit edit{record, folder, experiment, row};
    std::vector<std::string> reasons = lost_answers(edit);
    for (std::string& reason : other_ways(edit)) reasons.push_back(std::move(reason));
    if (reasons.empty()) return record;
    problem = fmt::format("{} {}; {}", path.string(), answered(record), fmt::join(reasons, "; "));
  } catch (const Json::exception&) {
    problem = fmt::format("{} does not hold what the record of an edit should", path.string());
  } catch (const Error& error) {
    problem = fmt::format("what was done before cannot be known: {}", error.what());
    if (problem.ends_with('.')) problem.pop_back();
  }
  if (replaces) return nullptr;
  throw Error(ErrorKind::kUsage, fmt::format("{}. {}", problem, kAdvice));
}

}  // namespace oubli
