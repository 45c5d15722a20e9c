#include "core/evaluate/predictions.h"

#include <ATen/ATen.h>

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
  // `argmax` does not say which of several equal entries it returns.
  const Tensor largest = log_probabilities.amax(1, /*keepdim=*/true);
  return at::argmax(log_probabilities.eq(largest).to(at::kInt), 1);
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

}  // namespace

Predictions::Predictions(std::shared_ptr<const Dataset> dataset, LossKind loss,
                         DeferredTensor outputs)
    : dataset_(std::move(dataset)), loss_(loss), outputs_(std::move(outputs)) {}

Predictions::Predictions(std::shared_ptr<const Dataset> dataset, LossKind loss,
                         DeferredTensor outputs, Tensor rows)
    : dataset_(std::move(dataset)),
      loss_(loss),
      outputs_(std::move(outputs)),
      rows_(std::move(rows)) {}

void Predictions::require_classes() const {
  if (dataset_->is_classification()) return;
  throw Error(ErrorKind::kUsage, "a regression has no probabilities");
}

Tensor Predictions::outputs(const Tensor& rows) const {
  if (!rows_.defined()) return outputs_.get().index_select(0, rows).to(at::kDouble);
  const Tensor places = at::searchsorted(rows_, rows).clamp_max(count() - 1);
  if (!rows_.index_select(0, places).equal(rows)) {
    throw Error(ErrorKind::kUsage, "predictions were asked for rows that have none");
  }
  return outputs_.get().index_select(0, places).to(at::kDouble);
}

Tensor Predictions::log_probabilities(const Tensor& rows) const {
  require_classes();
  return outputs(rows).log_softmax(1);
}

void Predictions::visit_outputs(
    const std::function<void(const Tensor&, const Tensor&)>& visit) const {
  const Tensor all = outputs_.get();
  const Tensor rows = rows_.defined() ? rows_ : at::arange(count());
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

const Tensor& Predictions::predicted() const { return of_each_row(predicted_, class_of); }

double Predictions::accuracy(const Tensor& rows, const Tensor& labels) const {
  return predicted()
      .index_select(0, rows)
      .eq(labels.index_select(0, rows))
      .to(at::kDouble)
      .mean()
      .item<double>();
}

const Tensor& Predictions::confidence() const {
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
