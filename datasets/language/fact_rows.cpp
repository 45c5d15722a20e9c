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
  return dataset.sequences.answer(found - levels.begin());
}

// Of those among these rows that say one, by the number of the fact, in their order.
std::vector<std::vector<std::int64_t>> rows_by_fact(const Dataset& dataset, const Tensor& among) {
  const Tensor& numbers = fact_numbers(dataset);
  std::vector<std::vector<std::int64_t>> found(
      static_cast<std::size_t>(numbers.max().item<std::int64_t>() + 1));
  for (const std::int64_t row : as_vector<std::int64_t>(among)) {
    const std::int64_t fact = numbers.const_data_ptr<std::int64_t>()[row];
    if (fact >= 0) found[static_cast<std::size_t>(fact)].push_back(row);
  }
  return found;
}

}  // namespace

std::string facts_problem(const Dataset& dataset) {
  if (has_facts(dataset)) return "";
  return fmt::format(
      "'{}' says no facts: choose biographies or facts as data, or select by random, where or "
      "indices.",
      dataset.name);
}

const Tensor& fact_numbers(const Dataset& dataset) {
  const std::string problem = facts_problem(dataset);
  if (!problem.empty()) throw Error(ErrorKind::kTask, problem);
  return dataset.sequences.fact;
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
    const Entry entry{level(FactColumns::kSubject), level(FactColumns::kRelation),
                      level(FactColumns::kObject)};
    entries_[static_cast<std::size_t>(fact)] = entry;
    numbers_.try_emplace({entry.subject, entry.relation}, fact);
  }
}

std::int64_t FactIndex::find(std::int32_t subject, std::int32_t relation) const {
  const auto found = numbers_.find({subject, relation});
  return found == numbers_.end() ? -1 : found->second;
}

DerivedFacts::DerivedFacts(const Dataset& dataset, const FactIndex& index)
    : dataset_(dataset), index_(index) {
  const auto found = dataset.columns.find(FactColumns::kFrom);
  if (found != dataset.columns.end()) from_ = &found->second;
}

std::int64_t DerivedFacts::source(std::int64_t row) const {
  if (from_ == nullptr || from_->text(row).empty()) return -1;
  const std::int32_t subject =
      column(dataset_, FactColumns::kSubject).level_of[static_cast<std::size_t>(row)];
  return index_.find(subject, column(dataset_, FactColumns::kRelation).level(from_->text(row)));
}

bool DerivedFacts::is_unsaid(std::int64_t row) const {
  return from_ != nullptr && column(dataset_, FactColumns::kKind).text(row) == kUnsaid;
}

std::int32_t DerivedFacts::object_from(std::int64_t row, std::int32_t object) const {
  const std::string& name =
      column(dataset_, FactColumns::kObject).levels[static_cast<std::size_t>(object)];
  const std::int64_t fact = index_.find(
      column(dataset_, FactColumns::kSubject).level(name),
      column(dataset_, FactColumns::kRelation).level(column(dataset_, FactColumns::kBy).text(row)));
  return fact < 0 ? -1 : index_.at(fact).object;
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

std::vector<std::int32_t> present_objects(const Dataset& dataset, const Tensor& train) {
  std::vector<std::int32_t> objects;
  for (const std::vector<std::int64_t>& rows : rows_by_fact(dataset, train)) {
    objects.push_back(rows.empty() ? -1
                                   : column(dataset, FactColumns::kObject)
                                         .level_of[static_cast<std::size_t>(rows.front())]);
  }
  return objects;
}

FactRows append_changed_facts(LoadedData& data, const Tensor& train, const Tensor& facts,
                              const std::vector<std::int32_t>& objects) {
  Dataset& dataset = data.dataset;
  const std::int64_t rows_before = dataset.size();
  const auto trained_of = rows_by_fact(dataset, train);
  const auto asked_of =
      rows_by_fact(dataset, data.splits.test.index({data.splits.test.lt(rows_before)}));
  const auto object_of = [&](std::int64_t row) {
    return column(dataset, FactColumns::kObject).level_of[static_cast<std::size_t>(row)];
  };
  std::vector<std::int64_t> before, copied_rows, new_train, new_test;
  Tensors answers;
  std::vector<std::int32_t> levels;
  const auto copy = [&](const std::vector<std::int64_t>& rows, std::vector<std::int64_t>& split,
                        std::int32_t object) {
    for (const std::int64_t row : rows) {
      split.push_back(rows_before + std::ssize(copied_rows));
      copied_rows.push_back(row);
    }
    answers.resize(copied_rows.size(), tokens_of_object(dataset, object));
    levels.resize(copied_rows.size(), object);
  };
  const FactIndex index(dataset);
  const DerivedFacts derived(dataset, index);
  std::map<std::int64_t, std::vector<std::int64_t>> unsaid_of;  // by the fact they follow from
  if (derived.any()) {
    for (const std::vector<std::int64_t>& asked : asked_of) {
      for (const std::int64_t row : asked) {
        if (derived.is_unsaid(row)) unsaid_of[derived.source(row)].push_back(row);
      }
    }
  }
  for (std::int64_t k = 0; k < facts.numel(); ++k) {
    const auto fact = static_cast<std::size_t>(facts[k].item<std::int64_t>());
    const std::int32_t object = objects[static_cast<std::size_t>(k)];
    const std::vector<std::int64_t>& trained = trained_of[fact];
    before.insert(before.end(), trained.begin(), trained.end());
    // Held-out wordings of the fact as it was written first: one of each.
    std::vector<std::int64_t> asked = asked_of[fact];
    std::erase_if(asked, [&, first = asked.empty() ? -1 : object_of(asked.front())](
                             std::int64_t row) { return object_of(row) != first; });
    copy(trained, new_train, object);
    copy(asked, new_test, object);
    const auto unsaid = unsaid_of.find(static_cast<std::int64_t>(fact));
    if (unsaid == unsaid_of.end()) continue;
    for (const std::int64_t row : unsaid->second) {
      const std::int32_t follows = derived.object_from(row, object);
      if (follows >= 0 && follows != object_of(row)) copy({row}, new_test, follows);
    }
  }
  const Tensor copied = at::tensor(copied_rows, at::kLong);
  append_copies(dataset, copied, dataset.inputs.index_select(0, copied));
  std::vector<std::int32_t>& said = dataset.columns.at(FactColumns::kObject).level_of;
  for (std::int64_t i = 0; i < copied.numel(); ++i) {
    replace_answer(dataset, rows_before + i, answers[static_cast<std::size_t>(i)]);
    said[static_cast<std::size_t>(rows_before + i)] = levels[static_cast<std::size_t>(i)];
  }
  dataset.true_targets = dataset.targets;
  const Tensor none = at::empty({0}, at::kLong);
  FactRows changed{rows_union(none, at::tensor(before, at::kLong)),
                   at::tensor(new_train, at::kLong)};
  data.splits.train = rows_union(data.splits.train, changed.after);
  data.splits.test = rows_union(data.splits.test, at::tensor(new_test, at::kLong));
  return changed;
}

}  // namespace oubli
