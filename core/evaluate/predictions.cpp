#include "core/evaluate/predictions.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <algorithm>
#include <limits>

#include "core/base/error.h"

namespace oubli {
namespace {

constexpr std::int64_t kRowsAtATime = 4096;

Tensor of_label(const Tensor& log_probabilities, const Tensor& labels) {
  return log_probabilities.gather(1, labels.unsqueeze(1)).squeeze(1);
}

Tensor class_of(const Tensor& log_probabilities, const Tensor&) {
  return lowest_largest(log_probabilities, 1);
}

Tensor modified_entropy_of(const Tensor& log_probabilities, const Tensor& labels) {
  const Tensor others = without_label(log_probabilities, labels);
  // ln(1 - p_c) is the log of the sum of every other probability: exact also where p_c is near 1,
  // which happens in one class at most.
  Tensor sum = others.logsumexp(1).exp() * -of_label(log_probabilities, labels);
  for (std::int64_t c = 0; c < log_probabilities.size(1); ++c) {
    Tensor rest = log_probabilities.clone();
    rest.select(1, c).fill_(-std::numeric_limits<double>::infinity());
    const Tensor term = others.select(1, c).exp() * rest.logsumexp(1);
    sum = sum - at::where(labels.eq(c), at::zeros_like(term), term);
  }
  return sum;
}

// What is said where answers should stand, each token read behind those said before; `said` is what
// is said behind the truth, whose first token is the same.
Tensor greedy_answers(const Model& model, const Dataset& data, const Batch& batch,
                      const Tensor& said, CostMeter& cost) {
  const Sequences& sequences = data.sequences;
  const Tensor begin = sequences.answer_begin.index_select(0, batch.rows);
  const Tensor size = sequences.answer_size.index_select(0, batch.rows);
  const std::int64_t longest = sequences.answer_size.max().item<std::int64_t>();
  const Tensor answers = at::full({batch.size(), longest}, -1, at::kInt);
  Tensor next = said.gather(1, begin.unsqueeze(1)).squeeze(1);
  answers.select(1, 0).copy_(next);
  Tensor inputs = batch.inputs.clone();
  for (std::int64_t k = 1; k < longest; ++k) {
    const Tensor open = size.gt(k).nonzero().squeeze(1);
    if (open.numel() == 0) break;
    const Tensor at = begin.index_select(0, open) + k;
    inputs.index_put_({open, at}, next.index_select(0, open).to(inputs.scalar_type()));
    const Tensor scores = model.forward(inputs.index_select(0, open));
    cost.add_forwards(open.numel());
    next = next.index_copy(0, open, lowest_largest(at_positions(scores, at), 1).to(at::kInt));
    answers.index_put_({open, at::full({}, k, at::kLong)}, next.index_select(0, open));
  }
  return answers;
}

}  // namespace

ModelOutputs model_outputs(const Model& model, const Subset& subset, const Objective& objective,
                           CostMeter& cost) {
  const Dataset& data = *subset.dataset;
  if (!data.is_sequence()) return {objective.class_scores(predict(model, subset, cost))};
  const at::NoGradGuard no_grad;
  Tensors outputs, losses, said, generated;
  for (std::int64_t begin = 0; begin < subset.size(); begin += kEvaluationBatch) {
    const Batch batch = subset.batch(begin, kEvaluationBatch, model.dtype());
    const Tensor scores = model.forward(batch.inputs);
    outputs.push_back(data.at_answers(scores, batch.rows));
    const Tensor asked = batch.targets.clamp_min(0).unsqueeze(2);
    const Tensor own = scores.gather(2, asked).squeeze(2);
    losses.push_back(at::where(batch.targets.ge(0), scores.logsumexp(2) - own, 0.0));
    said.push_back(lowest_largest(scores, 2).to(at::kInt));
    generated.push_back(greedy_answers(model, data, batch, said.back(), cost));
    cost.add_forwards(batch.size());
  }
  return {at::cat(outputs), at::cat(losses), at::cat(said), at::cat(generated)};
}

Predictions::Predictions(std::shared_ptr<const Dataset> dataset, LossKind loss,
                         DeferredTensor outputs)
    : dataset_(std::move(dataset)), loss_(loss), outputs_(std::move(outputs)) {}

Predictions::Predictions(std::shared_ptr<const Dataset> dataset, LossKind loss,
                         DeferredTensor outputs, Tensor rows)
    : dataset_(std::move(dataset)),
      loss_(loss),
      outputs_(std::move(outputs)),
      rows_(std::move(rows)) {}

Predictions::Predictions(std::shared_ptr<const Dataset> dataset, LossKind loss,
                         const ModelOutputs& outputs, const Tensor& rows)
    : Predictions(std::move(dataset), loss, outputs.outputs, rows) {
  if (outputs.said.defined()) {
    set_tokens(outputs.token_losses, outputs.said, outputs.generated);
  }
}

void Predictions::set_tokens(DeferredTensor token_losses, DeferredTensor said,
                             DeferredTensor generated) {
  token_losses_ = std::move(token_losses);
  said_ = std::move(said);
  generated_ = std::move(generated);
}

void Predictions::require_classes() const {
  if (dataset_->is_classification()) return;
  throw Error(ErrorKind::kUsage, "a regression has no probabilities");
}

Tensor Predictions::rows_of(const Tensor& all, const Tensor& rows) const {
  if (!all.defined()) {
    throw Error(ErrorKind::kUsage, "only predictions of sequences have tokens");
  }
  if (!rows_.defined()) return all.index_select(0, rows);
  const Tensor places = at::searchsorted(rows_, rows).clamp_max(count() - 1);
  if (!rows_.index_select(0, places).equal(rows)) {
    throw Error(ErrorKind::kUsage, "predictions were asked for rows that have none");
  }
  return all.index_select(0, places);
}

Tensor Predictions::outputs(const Tensor& rows) const {
  return rows_of(outputs_.get(), rows).to(at::kDouble);
}

Tensor Predictions::token_losses(const Tensor& rows) const {
  return rows_of(token_losses_.get(), rows).to(at::kDouble);
}

Tensor Predictions::said(const Tensor& rows) const {
  return rows_of(said_.get(), rows).to(at::kLong);
}

Tensor Predictions::generated(const Tensor& rows) const {
  return rows_of(generated_.get(), rows).to(at::kLong);
}

Tensor Predictions::recalled(const Tensor& rows) const {
  const Tensor right = said(rows).eq(dataset_->sequences.next.index_select(0, rows));
  return (right | dataset_->sequences.answers(rows).logical_not()).all(1);
}

// Of values of the rows that have outputs, those of all rows.
Tensor Predictions::rows_with_outputs() const {
  return rows_.defined() ? rows_ : at::arange(count());
}

Tensor Predictions::scattered(const Tensor& values, double missing) const {
  return at::full({dataset_->size()}, missing, values.options())
      .index_copy_(0, rows_with_outputs(), values);
}

const Tensor& Predictions::answer_losses() const {
  if (losses_.defined()) return losses_;
  const Tensor rows = rows_with_outputs();
  const Tensor mask = dataset_->sequences.answers(rows);
  const Tensor sums = at::where(mask, token_losses(rows), 0.0).sum(1);
  return losses_ = scattered(sums / mask.sum(1), std::numeric_limits<double>::quiet_NaN());
}

Tensor Predictions::log_probabilities(const Tensor& rows) const {
  require_classes();
  return outputs(rows).log_softmax(1);
}

void Predictions::visit_outputs(
    const std::function<void(const Tensor&, const Tensor&)>& visit) const {
  const Tensor all = outputs_.get();
  const Tensor rows = rows_with_outputs();
  for (std::int64_t begin = 0; begin < count(); begin += kRowsAtATime) {
    const std::int64_t length = std::min(kRowsAtATime, count() - begin);
    visit(all.narrow(0, begin, length).to(at::kDouble), rows.narrow(0, begin, length));
  }
}

const Tensor& Predictions::of_each_row(Tensor& slot, const OfRows& compute) const {
  if (slot.defined()) return slot;
  require_classes();
  Tensor values;
  visit_outputs([&](const Tensor& outputs, const Tensor& rows) {
    const Tensor found = compute(outputs.log_softmax(1), dataset_->targets.index_select(0, rows));
    if (!values.defined()) {
      const bool is_class = found.scalar_type() == at::kLong;
      values = at::full({dataset_->size()},
                        is_class ? -1 : std::numeric_limits<double>::quiet_NaN(), found.options());
    }
    values.index_copy_(0, rows, found);
  });
  return slot = values;
}

const Tensor& Predictions::losses() const {
  if (dataset_->is_sequence()) return answer_losses();
  if (dataset_->is_classification()) {
    return of_each_row(losses_, [](const Tensor& log_probabilities, const Tensor& labels) {
      return -of_label(log_probabilities, labels);
    });
  }
  if (losses_.defined()) return losses_;
  Tensor values =
      at::full({dataset_->size()}, std::numeric_limits<double>::quiet_NaN(), at::kDouble);
  visit_outputs([&](const Tensor& outputs, const Tensor& rows) {
    const Tensor targets = dataset_->targets.index_select(0, rows).to(at::kDouble);
    values.index_copy_(0, rows, Objective{loss_, 0}.losses(outputs, targets));
  });
  return losses_ = values;
}

const Tensor& Predictions::predicted() const {
  if (!dataset_->is_sequence()) return of_each_row(predicted_, class_of);
  if (predicted_.defined()) return predicted_;
  const Tensor rows = rows_with_outputs();
  const Tensor label = dataset_->targets.index_select(0, rows);
  const Tensor begin = dataset_->sequences.answer_begin.index_select(0, rows);
  const Tensor first = said(rows).gather(1, begin.unsqueeze(1)).squeeze(1);
  const Tensor wrong = at::where(first.eq(label), -1, first);
  return predicted_ = scattered(at::where(recalled(rows), label, wrong), -1);
}

double Predictions::accuracy(const Tensor& rows, const Tensor& labels) const {
  return predicted()
      .index_select(0, rows)
      .eq(labels.index_select(0, rows))
      .to(at::kDouble)
      .mean()
      .item<double>();
}

const Tensor& Predictions::confidence() const {
  if (dataset_->is_sequence()) {
    if (!confidence_.defined()) confidence_ = answer_losses().neg().exp();
    return confidence_;
  }
  return of_each_row(confidence_, [](const Tensor& log_probabilities, const Tensor& labels) {
    return of_label(log_probabilities, labels).exp();
  });
}

const Tensor& Predictions::entropy() const {
  return of_each_row(entropy_, [](const Tensor& log_probabilities, const Tensor&) {
    return -(log_probabilities.exp() * log_probabilities).sum(1);
  });
}

const Tensor& Predictions::modified_entropy() const {
  return of_each_row(modified_entropy_, modified_entropy_of);
}

const Tensor& Predictions::scaled_confidence() const {
  return of_each_row(scaled_confidence_, [](const Tensor& log_probabilities, const Tensor& labels) {
    return of_label(log_probabilities, labels) -
           without_label(log_probabilities, labels).logsumexp(1);
  });
}

}  // namespace oubli
