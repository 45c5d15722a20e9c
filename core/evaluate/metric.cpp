#include "core/evaluate/metric.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "core/evaluate/fact_table.h"

namespace oubli {
namespace {

const ColumnInfo* column_in(const Metric& metric, const std::string& column) {
  const std::string name = metric_of(column);
  for (const ColumnInfo& info : metric.columns) {
    if (info.name == name) return &info;
  }
  return nullptr;
}

Tensor or_none(const Tensor& rows) { return rows.numel() == 0 ? Tensor() : rows; }

// Those of the rows whose facts are stated by no row that some model is trained on.
Tensor about_unknown_facts(const Evaluation& evaluation, const Tensor& rows) {
  const Tensor& fact = evaluation.dataset->sequences.fact;
  Tensor trained = at::empty({0}, at::kLong);
  for (const char* set : {"retain", "forget", "unknown", "added"}) {
    if (const Tensor* own = evaluation.rows(set)) trained = rows_union(trained, *own);
  }
  const Tensor of_rows = fact.index_select(0, rows);
  const Tensor is_known = at::isin(of_rows, fact.index_select(0, trained));
  return or_none(rows.index({of_rows.ge(0) & is_known.logical_not()}));
}

// Those of the rows whose facts are of the examples' relations, and whose subjects are known by
// what else is retained, or not, as those of the examples are: a name that was never read is
// unlikely by itself. None where examples are of both kinds.
Tensor facts_like(const Evaluation& evaluation, const Tensor& rows, const Tensor& examples) {
  const FactTable facts(evaluation.dataset);
  const Tensor &relations = facts.relations(), &subjects = facts.subjects();
  const Tensor* retain = evaluation.rows("retain");
  const Tensor kept = retain == nullptr ? at::empty({0}, at::kLong) : facts.stating(*retain);
  const Tensor is_known = at::isin(subjects, subjects.index_select(0, kept));
  const Tensor own = is_known.index_select(0, examples);
  if (own.any().item<bool>() != own.all().item<bool>()) return {};
  const Tensor same =
      at::isin(relations.index_select(0, rows), relations.index_select(0, examples));
  return or_none(rows.index({same & is_known.index_select(0, rows).eq(own[0])}));
}

}  // namespace

#define OUBLI_METRIC(name) Metric name##_metric();
#include "core/evaluate/metrics/metrics.def"
#undef OUBLI_METRIC

Registry<Metric> builtin_metrics() {
  Registry<Metric> registry("metric");
#define OUBLI_METRIC(name) registry.add(name##_metric());
#include "core/evaluate/metrics/metrics.def"
#undef OUBLI_METRIC
  return registry;
}

const std::vector<UsualSet>& usual_sets() {
  static const std::vector<UsualSet> sets = {{"forget", true},
                                             {"forget_true", true},
                                             {"unknown"},
                                             {"unknown_true"},
                                             {"added", true},
                                             {"retain", true},
                                             {"validation", true},
                                             {"test"},
                                             {"held_out"},
                                             {"triggered"},
                                             {"group"},
                                             {"others"},
                                             {"forget_reworded"},
                                             {"added_reworded"},
                                             {"same_subject"},
                                             {"same_relation"},
                                             {"same_value"},
                                             {"derived"},
                                             {"forget_derived"},
                                             {"added_derived"},
                                             {"text"}};
  return sets;
}

const Tensor* Evaluation::rows(const std::string& set) const {
  for (const NamedRows& named : sets) {
    if (named.name == set) return &named.rows;
  }
  return nullptr;
}

const NamedRows* Evaluation::edited() const {
  const NamedRows* found = nullptr;
  for (const NamedRows& named : sets) {
    if (named.name == "forget") return &named;
    if (named.name == "added") found = &named;
  }
  return found;
}

Tensor Evaluation::unseen() const {
  const Tensor* held_out = rows("held_out");
  if (FactTable::is_in(*dataset)) {
    return held_out == nullptr ? Tensor() : about_unknown_facts(*this, *held_out);
  }
  const Tensor* found = held_out == nullptr ? rows("test") : held_out;
  return found == nullptr ? Tensor() : *found;
}

Tensor Evaluation::unseen_rows_like(const Tensor& examples) const {
  const Tensor all = unseen();
  if (!all.defined() || !is_classification()) return all;
  if (FactTable::is_in(*dataset)) return facts_like(*this, all, examples);
  if (dataset->is_sequence()) return all;
  const Tensor& targets = dataset->targets;
  return or_none(
      all.index({at::isin(targets.index_select(0, all), targets.index_select(0, examples))}));
}

std::vector<const ModelOutcome*> PopulationInput::controls() const {
  std::vector<const ModelOutcome*> first = control_oracles;
  first.resize(std::min(first.size(), models.size()));
  return first;
}

std::string metric_of(const std::string& column) { return column.substr(0, column.find('/')); }

std::string set_of(const std::string& column) {
  const std::size_t slash = column.find('/');
  return slash == std::string::npos ? "" : column.substr(slash + 1);
}

bool is_about_edited_set(const std::string& column) {
  const std::string set = set_of(column);
  return set.starts_with("forget") || set.starts_with("unknown") || set.starts_with("added");
}

const Metric* find_metric_of(const Registry<Metric>& metrics, const std::string& column) {
  for (const Metric& metric : metrics.entries()) {
    if (column_in(metric, column) != nullptr) return &metric;
  }
  return nullptr;
}

const ColumnInfo* find_column(const Registry<Metric>& metrics, const std::string& column) {
  const Metric* metric = find_metric_of(metrics, column);
  return metric == nullptr ? nullptr : column_in(*metric, column);
}

std::string column_problem(const Registry<Metric>& metrics, const std::string& column,
                           const std::vector<std::string>& own_sets) {
  const ColumnInfo* info = find_column(metrics, column);
  if (info == nullptr) {
    std::vector<std::string> names;
    for (const Metric& metric : metrics.entries()) {
      for (const ColumnInfo& one : metric.columns) names.push_back(one.name);
    }
    return unknown_name_message("column", metric_of(column), names);
  }
  std::vector<std::string> sets;
  for (const UsualSet& set : usual_sets()) sets.push_back(set.name);
  sets.insert(sets.end(), own_sets.begin(), own_sets.end());
  const bool known = std::find(sets.begin(), sets.end(), set_of(column)) != sets.end();
  const bool needs_none = info->group != ColumnGroup::kBySet && set_of(column).empty();
  return known || needs_none || info->by_parameter
             ? ""
             : unknown_name_message("set of " + info->name, set_of(column), sets);
}

}  // namespace oubli
