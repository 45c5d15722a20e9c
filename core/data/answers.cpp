#include "core/data/answers.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include "core/base/error.h"

namespace oubli {

void replace_answer(Dataset& dataset, std::int64_t row, const Tensor& answer) {
  Sequences& sequences = dataset.sequences;
  const std::int64_t begin = sequences.answer_begin[row].item<std::int64_t>();
  const std::int64_t size = sequences.answer_size[row].item<std::int64_t>();
  const Tensor next = sequences.next[row], inputs = dataset.inputs[row];
  const Tensor is_asked = next.ne(kNoTarget);
  const std::int64_t last = is_asked.nonzero().max().item<std::int64_t>();
  // What comes at each position: what is read at the one behind, and the last token, which may be
  // read nowhere. Not all of it need be asked.
  const Tensor comes = at::cat({inputs.narrow(0, 1, last).to(at::kLong), next.narrow(0, last, 1)});
  const Tensor asked = is_asked.narrow(0, 0, last + 1);
  const auto with_other = [&](const Tensor& all, const Tensor& other) {
    return at::cat({all.narrow(0, 0, begin), other, all.slice(0, begin + size)});
  };
  const Tensor tokens = with_other(comes, answer);
  const Tensor targets = tokens.where(with_other(asked, at::ones_like(answer, at::kBool)),
                                      at::full({1}, kNoTarget, at::kLong));
  const std::int64_t length = tokens.numel();
  if (length > sequences.positions()) {
    throw Error(ErrorKind::kTask,
                fmt::format("a sentence with another answer has {} tokens, and sequences have {}: "
                            "set `context: {}` under `data`.",
                            length, sequences.positions(), length));
  }
  next.fill_(kNoTarget).narrow(0, 0, length).copy_(targets);
  inputs.slice(0, 1).fill_(0);
  inputs.narrow(0, 1, length - 1).copy_(tokens.narrow(0, 0, length - 1));
  sequences.answer_size[row] = answer.numel();
  dataset.targets[row] = answer[0];
}

Subset with_answers(const Subset& subset, const Tensors& answers) {
  Dataset changed = *subset.dataset;
  for (Tensor* part : {&changed.inputs, &changed.targets, &changed.sequences.next,
                       &changed.sequences.answer_size}) {
    *part = part->clone();
  }
  if (!changed.true_targets.defined()) changed.true_targets = subset.dataset->targets;
  for (std::int64_t i = 0; i < subset.size(); ++i) {
    replace_answer(changed, subset.rows[i].item<std::int64_t>(),
                   answers[static_cast<std::size_t>(i)]);
  }
  return {std::make_shared<const Dataset>(std::move(changed)), subset.rows, subset.weights};
}

}  // namespace oubli
