#include "experiments/engine/plan/original_checks.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <optional>
#include <set>

#include "core/base/file.h"
#include "core/base/text.h"
#include "datasets/row_file.h"

namespace oubli {
namespace {

namespace fs = std::filesystem;

// The record of the edit that left these weights; null where there is none beside them.
Json record_of(const fs::path& weights, const std::string& hash) {
  std::error_code failure;
  const fs::path path = weights.parent_path() / "record.json";
  if (!fs::exists(path, failure)) return nullptr;
  try {
    Json record = Json::parse(read_text_file(path, ErrorKind::kData));
    if (record.at("output").at("sha256") == hash && record.contains("removed")) return record;
  } catch (const Json::exception&) {  // somebody else's file of that name
  }
  return nullptr;
}

// Of what was forgotten then, what would be learnt again: ids where there are any, which hold for
// other tables too, and rows of the same data.
std::vector<std::string> relearnt(const Experiment& experiment, const Json& record,
                                  const fs::path& folder) {
  const Dataset& data = *experiment.dataset;
  const Json& removed = record.at("removed");
  std::set<std::string> found;
  const Tensor kept = experiment.task.retain.rows.contiguous();
  if (removed.contains("ids") && !data.id_column.empty()) {
    const auto ids = removed.at("ids").get<std::set<std::string>>();
    const RowColumn& column = data.columns.at(data.id_column);
    for (std::int64_t i = 0; i < kept.numel(); ++i) {
      std::string id = column.text(kept.const_data_ptr<std::int64_t>()[i]);
      if (ids.contains(id)) found.insert(std::move(id));
    }
  } else if (record.at("data").at("sha256") == experiment.data_hash) {
    const Tensor rows = read_rows(folder / removed.at("file").get<std::string>());
    const Tensor again = rows.index({at::isin(rows, kept)}).contiguous();
    for (std::int64_t i = 0; i < again.numel(); ++i) {
      found.insert(fmt::format("row {}", again.const_data_ptr<std::int64_t>()[i]));
    }
  }
  return {found.begin(), found.end()};
}

// Mean loss of the best answer that is the same for all; none for losses that see outputs one by
// one.
std::optional<double> loss_of_a_constant(const Objective& objective, const Tensor& targets) {
  if (objective.loss == LossKind::kSquaredError) {
    const Tensor values = targets.to(at::kDouble).flatten(1);
    return (values - values.mean(0)).square().sum(1).mean().item<double>() / 2;
  }
  if (objective.loss == LossKind::kOneAgainstRest) return std::nullopt;
  const Tensor counts = targets.bincount().to(at::kDouble);
  const Tensor shares = counts.index({counts > 0}) / counts.sum();
  return -(shares * shares.log()).sum().item<double>();
}

}  // namespace

void require_not_relearnt(const Experiment& experiment, std::size_t number) {
  const GivenOriginals& given = *experiment.spec.originals;
  const fs::path& weights = given.files.at(number);
  const Json record = record_of(weights, experiment.original_hashes.at(number));
  if (record.is_null()) return;
  const std::vector<std::string> again = relearnt(experiment, record, weights.parent_path());
  if (again.empty()) return;
  throw Error(
      ErrorKind::kTask,
      fmt::format("{}: {} was made to forget {}, as the record beside it says, and here they "
                  "are among the rows that remain, to be learnt again. Append the new "
                  "request to the `edit` of {}, whose original they were removed from: what "
                  "was answered before is not done anew.",
                  given.origin.text(), weights.filename().string(), listed(again),
                  (weights.parent_path() / "resolved.yaml").string()));
}

std::string worse_than_a_constant(const Experiment& experiment, const Model& model,
                                  std::size_t number) {
  constexpr std::int64_t kLooked = 128;  // at every load of the experiment, also by workers
  const Subset& train = experiment.task.train;
  const std::int64_t count = std::min(kLooked, train.size());
  Generator draw(0);
  const Subset some = train.with_rows(
      train.rows.index_select(0, draw.permutation(train.size()).narrow(0, 0, count)));
  const Objective objective{experiment.spec.recipe.objective.loss, 0};
  const std::optional<double> constant =
      loss_of_a_constant(objective, experiment.dataset->targets.index_select(0, some.rows));
  CostMeter cost;
  const double loss = value_only(model, some, objective, cost).loss;
  if (!constant || loss <= *constant) return "";
  return fmt::format(
      "{}: its mean loss on what it was trained on, {:.4g}, is above that of giving every example "
      "the same answer, {:.4g}. Are its inputs and classes these, in this order and scale? "
      "`oubli check` lists them",
      experiment.spec.originals->files.at(number).filename().string(), loss, *constant);
}

}  // namespace oubli
