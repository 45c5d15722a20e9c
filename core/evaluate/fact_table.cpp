#include "core/evaluate/fact_table.h"

#include <ATen/ATen.h>

#include <map>
#include <string>

#include "core/base/error.h"
#include "core/data/fact_columns.h"

namespace oubli {
namespace {

Tensor levels_of(const Dataset& dataset, const char* name) {
  return at::tensor(dataset.columns.at(name).level_of, at::kLong);
}

// The different values, ascending.
Tensor different(const Tensor& values) { return std::get<0>(at::_unique(values, true)); }

}  // namespace

Tensor RowGroups::mean(const Tensor& values) const {
  const Tensor sums = at::zeros({count}, at::kDouble).index_add_(0, group_of, values);
  const Tensor sizes =
      at::zeros({count}, at::kDouble).index_add_(0, group_of, at::ones_like(values));
  return sums / sizes;
}

bool FactTable::is_in(const Dataset& dataset) {
  return dataset.is_sequence() && dataset.columns.contains(FactColumns::kSubject) &&
         dataset.columns.contains(FactColumns::kRelation) &&
         dataset.columns.contains(FactColumns::kObject) &&
         dataset.sequences.fact.ge(0).any().item<bool>();
}

FactTable::FactTable(std::shared_ptr<const Dataset> dataset) : dataset_(std::move(dataset)) {
  if (!is_in(*dataset_)) throw Error(ErrorKind::kUsage, "the rows of a data set state no facts");
  const Sequences& sequences = dataset_->sequences;
  const Tensor states = sequences.fact.ge(0);
  const Tensor object = levels_of(*dataset_, FactColumns::kObject);
  relation_ = levels_of(*dataset_, FactColumns::kRelation);
  const std::int64_t objects = object.max().item<std::int64_t>() + 1;
  statement_ = at::where(states, sequences.fact * objects + object, -1);
  relation_ = at::where(states, relation_, -1);
  subject_ = at::where(states, levels_of(*dataset_, FactColumns::kSubject), -1);
  const std::int64_t relations = relation_.max().item<std::int64_t>() + 1;
  std::vector<std::int64_t> counts;
  for (std::int64_t relation = 0; relation < relations; ++relation) {
    const Tensor rows = relation_.eq(relation).nonzero().squeeze(1);
    counts.push_back(different(object.index_select(0, rows)).numel());
    tokens_.push_back(different(dataset_->targets.index_select(0, rows)));
  }
  choices_ = at::tensor(counts, at::kLong);
}

Tensor FactTable::stating(const Tensor& rows) const {
  return rows.index({statement_.index_select(0, rows).ge(0)});
}

Tensor FactTable::choices(const Tensor& rows) const {
  return choices_.index_select(0, relations(rows));
}

RowGroups FactTable::by_statement(const Tensor& rows) const {
  const auto [all, group_of] = at::_unique(statements(rows), /*sorted=*/true,
                                           /*return_inverse=*/true);
  return {group_of, all.numel()};
}

Tensor FactTable::prompts(const Tensor& rows) const {
  const Tensor read = dataset_->inputs.index_select(0, rows).to(at::kInt).contiguous();
  const Tensor begin = dataset_->sequences.answer_begin.index_select(0, rows).contiguous();
  const Tensor numbers = rows.contiguous();
  const std::int64_t positions = read.size(1);
  std::map<std::string, std::int64_t> first;
  std::vector<std::int64_t> found;
  for (std::int64_t i = 0; i < rows.numel(); ++i) {
    const auto* tokens =
        reinterpret_cast<const char*>(read.const_data_ptr<std::int32_t>() + i * positions);
    const auto bytes = static_cast<std::size_t>(begin.const_data_ptr<std::int64_t>()[i] + 1) *
                       sizeof(std::int32_t);
    const std::int64_t row = numbers.const_data_ptr<std::int64_t>()[i];
    found.push_back(first.try_emplace(std::string(tokens, bytes), row).first->second);
  }
  return at::tensor(found, at::kLong);
}

}  // namespace oubli
