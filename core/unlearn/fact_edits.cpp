#include "core/unlearn/fact_edits.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "core/base/error.h"

namespace oubli {
namespace {

using Tokens = std::vector<std::int64_t>;

// Where the facts of the edit stand: rows of the data set, by the number of the fact.
using RowsOfFacts = std::map<std::int64_t, Tokens>;

// Counts the rows that state no fact.
RowsOfFacts rows_of_facts(const Dataset& data, const Subset& subset, std::int64_t& others) {
  RowsOfFacts found;
  for (std::int64_t i = 0; i < subset.size(); ++i) {
    const std::int64_t row = subset.rows[i].item<std::int64_t>();
    const std::int64_t fact = data.sequences.fact[row].item<std::int64_t>();
    if (fact < 0) {
      ++others;
    } else {
      found[fact].push_back(row);
    }
  }
  return found;
}

// The first of the rows that begin alike up to their answers.
Tokens wordings(const Dataset& data, const Tokens& rows) {
  std::set<Tokens> seen;
  Tokens kept;
  for (const std::int64_t row : rows) {
    if (seen.insert(as_vector<std::int64_t>(data.prompt(row))).second) kept.push_back(row);
  }
  return kept;
}

Tensor one_answer(const Dataset& data, std::int64_t fact, const Tokens& rows) {
  Tensor answer = data.sequences.answer(rows.front());
  for (const std::int64_t row : rows) {
    if (data.sequences.answer(row).equal(answer)) continue;
    throw Error(ErrorKind::kTask,
                fmt::format("rows {} and {} are added and answer fact {} differently: an editor "
                            "needs one answer for each fact",
                            rows.front(), row, fact));
  }
  return answer;
}

Tensor token_of(const std::string& word, const Dataset& data) {
  const auto found = std::find(data.class_names.begin(), data.class_names.end(), word);
  if (found != data.class_names.end())
    return at::full({1}, found - data.class_names.begin(), at::kLong);
  throw Error(
      ErrorKind::kTask,
      fmt::format("a removed fact is to be answered by '{}', and the vocabulary of '{}' has "
                  "no such token: set `answer` to one that it has",
                  word, data.name));
}

// Facts with their rows and answers, made into tensors.
class EditsBuilder {
 public:
  explicit EditsBuilder(const Dataset& data) : data_(data) {}

  void add(std::int64_t fact, const Tokens& rows, const Tensor& answer, bool is_removed) {
    for (const std::int64_t row : wordings(data_, rows)) {
      request_.push_back(static_cast<std::int64_t>(facts_.size()));
      rows_.push_back(row);
      const Tensor asked = at::full({data_.sequences.positions()}, kNoTarget, at::kLong);
      const std::int64_t begin = data_.sequences.answer_begin[row].item<std::int64_t>();
      asked.narrow(0, begin, answer.numel()).copy_(answer);
      answers_.push_back(asked);
    }
    facts_.push_back(fact);
    is_removed_.push_back(is_removed ? 1 : 0);
  }

  FactEdits take(std::shared_ptr<const Dataset> data, at::ScalarType dtype) const {
    FactEdits edits;
    edits.facts = at::tensor(facts_, at::kLong);
    edits.is_removed = at::tensor(is_removed_, at::kLong).to(at::kBool);
    edits.request = at::tensor(request_, at::kLong);
    edits.rows = at::tensor(rows_, at::kLong);
    if (rows_.empty()) return edits;
    const Subset sentences{std::move(data), edits.rows, {}};
    edits.inputs = sentences.batch(0, sentences.size(), dtype).inputs;
    edits.answers = at::stack(answers_);
    edits.subject_end = data_.sequences.subject_end.index_select(0, edits.rows);
    edits.answer_begin = data_.sequences.answer_begin.index_select(0, edits.rows);
    return edits;
  }

 private:
  const Dataset& data_;
  Tokens facts_, is_removed_, request_, rows_;
  Tensors answers_;
};

}  // namespace

FactEdits FactEdits::only(std::int64_t one) const {
  const Tensor is_its = request.eq(one);
  FactEdits edit;
  edit.facts = facts.narrow(0, one, 1);
  edit.is_removed = is_removed.narrow(0, one, 1);
  edit.request = at::zeros({is_its.sum().item<std::int64_t>()}, at::kLong);
  edit.rows = rows.index({is_its});
  edit.inputs = inputs.index({is_its});
  edit.answers = answers.index({is_its});
  edit.subject_end = subject_end.index({is_its});
  edit.answer_begin = answer_begin.index({is_its});
  return edit;
}

FactEdits FactEdits::by_sentence() const {
  FactEdits edits = *this;
  edits.facts = facts.index_select(0, request);
  edits.is_removed = is_removed.index_select(0, request);
  edits.request = at::arange(request.numel());
  return edits;
}

Tensor FactEdits::means(const Tensor& values) const {
  const Tensor flat = values.reshape({values.size(0), -1});
  std::vector<std::int64_t> shape = values.sizes().vec();
  shape[0] = size();
  return averaging_over(request, size(), values).mm(flat).view(shape);
}

Tensor FactEdits::first(const Tensor& values) const {
  return values.index_select(0, at::searchsorted(request, at::arange(size())));
}

Tensor averaging_over(const Tensor& request, std::int64_t facts, const Tensor& like) {
  const Tensor is_of = at::arange(facts).unsqueeze(1).eq(request.unsqueeze(0)).to(like.options());
  return is_of / is_of.sum(1, /*keepdim=*/true).clamp_min(1);
}

std::string read_removed_answer(const Settings& settings) {
  return settings.text("answer", {.default_value = "unknown",
                                  .doc = "the token that is to be said of facts that are removed"});
}

FactEdits fact_edits(const Task& task, const std::string& removed_answer, at::ScalarType dtype) {
  const std::shared_ptr<const Dataset>& shared = task.retain.dataset;
  const Dataset& data = *shared;
  if (!data.is_sequence() || data.sequences.fact.lt(0).all().item<bool>()) {
    throw Error(ErrorKind::kTask,
                fmt::format("editors change facts, and no row of '{}' states one: a data source of "
                            "facts does, such as biographies",
                            data.name));
  }
  std::int64_t others = 0;
  RowsOfFacts all = rows_of_facts(data, task.forget, others);
  const RowsOfFacts added = rows_of_facts(data, task.added, others);
  for (const auto& [fact, rows] : added) all[fact] = rows;
  EditsBuilder builder(data);
  for (const auto& [fact, rows] : all) {
    const bool is_removed = !added.contains(fact);
    builder.add(fact, rows,
                is_removed ? token_of(removed_answer, data) : one_answer(data, fact, rows),
                is_removed);
  }
  FactEdits edits = builder.take(shared, dtype);
  edits.others = others;
  return edits;
}

}  // namespace oubli
