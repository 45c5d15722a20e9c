#include "datasets/language/fact_rows.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "core/base/error.h"
#include "core/data/answers.h"
#include "datasets/language/fact_texts.h"
#include "datasets/selection.h"

namespace oubli {
namespace {

const RowColumn& column(const Dataset& dataset, const char* name) {
  return dataset.columns.at(name);
}

// The answer of some row whose object has this level.
Tensor tokens_of_object(const Dataset& dataset, std::int32_t level) {
  const std::vector<std::int32_t>& levels = column(dataset, FactColumns::kObject).level_of;
  const auto found = std::find(levels.begin(), levels.end(), level);
  const std::int64_t row = found - levels.begin();
  return dataset.sequences.next[row].narrow(
      0, dataset.sequences.answer_begin[row].item<std::int64_t>(),
      dataset.sequences.answer_size[row].item<std::int64_t>());
}

}  // namespace

const Tensor& fact_numbers(const Dataset& dataset) {
  if (has_facts(dataset)) return dataset.sequences.fact;
  throw Error(ErrorKind::kTask,
              fmt::format("'{}' says no facts: choose biographies or facts as data, or select by "
                          "random, where or indices.",
                          dataset.name));
}

FactIndex::FactIndex(const Dataset& dataset) {
  const Tensor& numbers = fact_numbers(dataset);
  entries_.resize(static_cast<std::size_t>(numbers.max().item<std::int64_t>() + 1));
  for (std::int64_t row = 0; row < dataset.size(); ++row) {
    const std::int64_t fact = numbers.const_data_ptr<std::int64_t>()[row];
    if (fact < 0 || at(fact).subject >= 0) continue;
    const auto level = [&](const char* name) {
      return column(dataset, name).level_of[static_cast<std::size_t>(row)];
    };
    entries_[static_cast<std::size_t>(fact)] = {
        level(FactColumns::kSubject), level(FactColumns::kRelation), level(FactColumns::kObject)};
  }
}

std::int64_t FactIndex::find(std::int32_t subject, std::int32_t relation) const {
  for (std::size_t fact = 0; fact < entries_.size(); ++fact) {
    if (entries_[fact].subject == subject && entries_[fact].relation == relation) {
      return static_cast<std::int64_t>(fact);
    }
  }
  return -1;
}

std::vector<std::int32_t> objects_of_relation(const Dataset& dataset, std::int64_t relation) {
  const RowColumn& relations = column(dataset, FactColumns::kRelation);
  const RowColumn& objects = column(dataset, FactColumns::kObject);
  std::set<std::int32_t> found;
  for (std::size_t i = 0; i < relations.level_of.size(); ++i) {
    if (relations.level_of[i] == relation) found.insert(objects.level_of[i]);
  }
  return {found.begin(), found.end()};
}

std::int32_t present_object(const Dataset& dataset, const Tensor& train, std::int64_t fact) {
  const Tensor rows = train.index({fact_numbers(dataset).index_select(0, train).eq(fact)});
  return column(dataset, FactColumns::kObject)
      .level_of[static_cast<std::size_t>(rows[0].item<std::int64_t>())];
}

FactRows append_changed_facts(LoadedData& data, const Tensor& train, const Tensor& facts,
                              const std::vector<std::int32_t>& objects) {
  Dataset& dataset = data.dataset;
  const Tensor numbers = fact_numbers(dataset);  // of the rows that are there before
  FactRows changed{at::empty({0}, at::kLong), at::empty({0}, at::kLong)};
  const auto rows_of = [&](const Tensor& among, std::int64_t fact) {
    return among.index({numbers.index_select(0, among).eq(fact)});
  };
  const std::int64_t rows_before = dataset.size();
  Tensors old_rows, new_train, new_test, answers;
  std::vector<std::int32_t> levels;
  std::int64_t at = rows_before;
  const Tensor test = data.splits.test.index({data.splits.test.lt(rows_before)});
  for (std::int64_t k = 0; k < facts.numel(); ++k) {
    const std::int64_t fact = facts[k].item<std::int64_t>();
    const Tensor answer = tokens_of_object(dataset, objects[static_cast<std::size_t>(k)]);
    const Tensor trained = rows_of(train, fact);
    changed.before = rows_union(changed.before, trained);
    // Held-out wordings of the fact as it was written first: one of each.
    Tensor asked = rows_of(test, fact);
    if (asked.numel() > 0) {
      const RowColumn& said = column(dataset, FactColumns::kObject);
      const std::int32_t first =
          said.level_of[static_cast<std::size_t>(asked[0].item<std::int64_t>())];
      std::vector<std::int64_t> same;
      for (std::int64_t i = 0; i < asked.numel(); ++i) {
        const std::int64_t row = asked[i].item<std::int64_t>();
        if (said.level_of[static_cast<std::size_t>(row)] == first) same.push_back(row);
      }
      asked = at::tensor(same, at::kLong);
    }
    old_rows.push_back(trained);
    new_train.push_back(at::arange(at, at + trained.numel()));
    at += trained.numel();
    old_rows.push_back(asked);
    new_test.push_back(at::arange(at, at + asked.numel()));
    at += asked.numel();
    for (std::int64_t i = 0; i < trained.numel() + asked.numel(); ++i) {
      answers.push_back(answer);
      levels.push_back(objects[static_cast<std::size_t>(k)]);
    }
  }
  const Tensor copied = at::cat(old_rows);
  append_copies(dataset, copied, dataset.inputs.index_select(0, copied));
  std::vector<std::int32_t>& object_of = dataset.columns.at(FactColumns::kObject).level_of;
  for (std::int64_t i = 0; i < copied.numel(); ++i) {
    replace_answer(dataset, rows_before + i, answers[static_cast<std::size_t>(i)]);
    object_of[static_cast<std::size_t>(rows_before + i)] = levels[static_cast<std::size_t>(i)];
  }
  dataset.true_targets = dataset.targets;
  changed.after = at::cat(new_train);
  data.splits.train = rows_union(data.splits.train, changed.after);
  data.splits.test = rows_union(data.splits.test, at::cat(new_test));
  return changed;
}

}  // namespace oubli
