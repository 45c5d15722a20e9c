#include "experiments/engine/plan/fact_sets.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <set>
#include <utility>

#include "datasets/language/fact_rows.h"
#include "datasets/language/fact_texts.h"

namespace oubli {
namespace {

// A fact with what it says.
using Said = std::pair<std::int64_t, std::int32_t>;

class FactSets {
 public:
  FactSets(const Task& task, const Tensor& unknown)
      : data_(*task.train.dataset),
        numbers_(fact_numbers(data_)),
        index_(data_),
        derived_facts_(data_, index_),
        object_of_(data_.columns.at(FactColumns::kObject).level_of) {
    // A fact of which only some sentences left is still there, and one that is said in other words
    // was there before.
    const Tensor oracle = rows_difference(task.retain.rows, unknown);
    left_ = said_without(rows_union(task.forget.rows, unknown), oracle);
    entered_ = said_without(task.added.rows, task.train.rows);
    for (const std::set<Said>& said : {left_, entered_}) note(said);
    for (std::int64_t i = 0; i < task.test.size(); ++i) {
      sort(task.test.rows.const_data_ptr<std::int64_t>()[i]);
    }
  }

  void take(Task& task, std::vector<NamedRows>& all) const {
    const auto add = [&](const char* name, const std::vector<std::int64_t>& rows) {
      if (!rows.empty()) all.push_back({name, at::tensor(rows, at::kLong)});
    };
    add("forget_reworded", forget_reworded_);
    add("added_reworded", added_reworded_);
    add("same_subject", same_subject_);
    if (same_relation_.size() < kept_.size()) add("same_relation", same_relation_);
    add("same_value", same_value_);
    add("derived", derived_);
    add("forget_derived", forget_derived_);
    add("added_derived", added_derived_);
    add("text", text_);
    task.test = task.test.with_rows(at::tensor(kept_, at::kLong));
  }

 private:
  Said said_by(std::int64_t row) const {
    return {numbers_.const_data_ptr<std::int64_t>()[row],
            object_of_[static_cast<std::size_t>(row)]};
  }

  // What these rows say and those others do not.
  std::set<Said> said_without(const Tensor& rows, const Tensor& others) const {
    std::set<Said> said;
    const auto visit = [&](const Tensor& some, const auto& take) {
      for (std::int64_t i = 0; i < some.numel(); ++i) {
        const Said one = said_by(some.const_data_ptr<std::int64_t>()[i]);
        if (one.first >= 0) take(one);
      }
    };
    visit(rows, [&](const Said& one) { said.insert(one); });
    visit(others, [&](const Said& one) { said.erase(one); });
    return said;
  }

  void note(const std::set<Said>& said) {
    for (const Said& one : said) {
      edited_.insert(one.first);
      const FactIndex::Entry& fact = index_.at(one.first);
      subjects_.insert(fact.subject);
      relations_.insert(fact.relation);
      values_.insert({fact.relation, one.second});
    }
  }

  void sort(std::int64_t row) {
    const Said said = said_by(row);
    if (said.first < 0) return text_.push_back(row);
    if (derived_facts_.is_unsaid(row)) return sort_unsaid(row, said);
    if (edited_.contains(said.first)) {
      if (entered_.contains(said)) {
        added_reworded_.push_back(row);
      } else if (left_.contains(said)) {
        forget_reworded_.push_back(row);
      }
      return;
    }
    // What a later request of a sequence brings is not known yet.
    const FactIndex::Entry& fact = index_.at(said.first);
    if (fact.object != said.second) return;
    kept_.push_back(row);
    if (subjects_.contains(fact.subject)) same_subject_.push_back(row);
    if (relations_.contains(fact.relation)) same_relation_.push_back(row);
    if (values_.contains({fact.relation, said.second})) same_value_.push_back(row);
  }

  // Whether some of these facts is the one that a row's follows from, and lets it follow.
  bool follow_from(const std::set<Said>& facts, std::int64_t row, const Said& said) const {
    const std::int64_t source = derived_facts_.source(row);
    return std::any_of(facts.begin(), facts.end(), [&](const Said& fact) {
      return fact.first == source && derived_facts_.object_from(row, fact.second) == said.second;
    });
  }

  void sort_unsaid(std::int64_t row, const Said& said) {
    const bool leaves = follow_from(left_, row, said), enters = follow_from(entered_, row, said);
    if (leaves != enters) {
      (leaves ? forget_derived_ : added_derived_).push_back(row);
    } else if (!leaves && !edited_.contains(derived_facts_.source(row)) &&
               index_.at(said.first).object == said.second) {
      derived_.push_back(row);
    }
  }

  const Dataset& data_;
  const Tensor& numbers_;
  FactIndex index_;
  DerivedFacts derived_facts_;
  const std::vector<std::int32_t>& object_of_;
  std::set<Said> left_, entered_;
  std::set<std::int64_t> edited_;
  std::set<std::int32_t> subjects_, relations_;
  std::set<std::pair<std::int32_t, std::int32_t>> values_;  // relation, object
  std::vector<std::int64_t> forget_reworded_, added_reworded_, same_subject_, same_relation_,
      same_value_, derived_, forget_derived_, added_derived_, text_, kept_;
};

}  // namespace

void take_fact_sets(Task& task, const Tensor& unknown, std::vector<NamedRows>& sets) {
  if (has_facts(*task.train.dataset)) FactSets(task, unknown).take(task, sets);
}

}  // namespace oubli
