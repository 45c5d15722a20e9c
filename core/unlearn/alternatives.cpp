#include "core/unlearn/alternatives.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <map>
#include <sstream>
#include <vector>

#include "core/base/error.h"
#include "core/data/answers.h"

namespace oubli {
namespace {

Tensor tokens_of(const std::string& answer, const Dataset& data) {
  std::istringstream words(answer);
  std::vector<std::int64_t> tokens;
  for (std::string word; words >> word;) {
    const auto found = std::find(data.class_names.begin(), data.class_names.end(), word);
    if (found == data.class_names.end()) {
      throw Error(ErrorKind::kTask,
                  "answer: " + unknown_name_message("token", word, data.class_names));
    }
    tokens.push_back(found - data.class_names.begin());
  }
  return at::tensor(tokens, at::kLong);
}

}  // namespace

std::string read_answer(const Settings& settings) {
  const std::string answer = settings.text(
      "answer", {.default_value = "unknown",
                 .doc = "said in the place of what is forgotten: words of the vocabulary"});
  if (!settings.is_describing() && answer.find_first_not_of(" \t") == std::string::npos) {
    settings.fail("answer", "an answer has a word at least, such as `answer: unknown`.");
  }
  return answer;
}

Subset alternatives_to(const Task& task, const std::string& answer) {
  const Dataset& data = *task.forget.dataset;
  std::map<std::vector<std::int64_t>, Tensor> added;
  for (std::int64_t i = 0; i < task.added.size(); ++i) {
    const std::int64_t row = task.added.rows[i].item<std::int64_t>();
    const Dataset& own = *task.added.dataset;
    added.emplace(as_vector<std::int64_t>(own.prompt(row)), own.sequences.answer(row));
  }
  Tensor same;  // looked up where a sentence needs it: a vocabulary may lack it
  Tensors answers;
  for (std::int64_t i = 0; i < task.forget.size(); ++i) {
    const Tensor prompt = data.prompt(task.forget.rows[i].item<std::int64_t>());
    const auto found = added.find(as_vector<std::int64_t>(prompt));
    if (found == added.end() && !same.defined()) same = tokens_of(answer, data);
    answers.push_back(found == added.end() ? same : found->second);
  }
  return with_answers(task.forget, answers);
}

Batch alternative_batch(const Subset& alternatives, const Batch& batch) {
  if (batch.size() == 0) return {};
  Batch found =
      alternatives.with_rows(batch.rows).batch(0, batch.size(), batch.inputs.scalar_type());
  found.weights = batch.weights;
  return found;
}

Batch joined(const Batch& a, const Batch& b) {
  if (a.size() == 0) return b;
  return {at::cat({a.inputs, b.inputs}), at::cat({a.targets, b.targets}),
          a.weights.defined() ? at::cat({a.weights, b.weights}) : Tensor(),
          at::cat({a.rows, b.rows})};
}

}  // namespace oubli
