#include "core/evaluate/predictions.h"

#include <ATen/ATen.h>

#include <limits>

#include "core/base/error.h"

namespace oubli {
namespace {

Tensor of_label(const Tensor& log_probabilities, const Tensor& targets) {
  return log_probabilities.gather(1, targets.unsqueeze(1)).squeeze(1);
}

// Log-probabilities [n, c] with that of each row's label replaced by -infinity.
Tensor without_label(const Tensor& log_probabilities, const Tensor& targets) {
  return log_probabilities.scatter(1, targets.unsqueeze(1),
                                   -std::numeric_limits<double>::infinity());
}

}  // namespace

Predictions::Predictions(std::shared_ptr<const Dataset> dataset, LossKind loss,
                         const Tensor& outputs)
    : dataset_(std::move(dataset)), loss_(loss), outputs_(outputs.to(at::kDouble)) {}

Predictions Predictions::at_rows(std::shared_ptr<const Dataset> dataset, LossKind loss,
                                 const Tensor& outputs, const Tensor& rows) {
  Tensor all = at::zeros({dataset->size(), outputs.size(1)}, at::kDouble);
  all.index_copy_(0, rows, outputs.to(at::kDouble));
  return Predictions(std::move(dataset), loss, all);
}

template <typename Compute>
const Tensor& Predictions::cached(Tensor& slot, Compute compute) const {
  if (!slot.defined()) slot = compute();
  return slot;
}

const Tensor& Predictions::losses() const {
  return cached(losses_, [&] {
    if (dataset_->is_classification()) {
      return -of_label(log_probabilities(), dataset_->targets);
    }
    return Objective{loss_, 0}.losses(outputs_, dataset_->targets.to(at::kDouble));
  });
}

const Tensor& Predictions::log_probabilities() const {
  return cached(log_probabilities_, [&] {
    if (!dataset_->is_classification()) {
      throw Error(ErrorKind::kUsage, "a regression has no probabilities");
    }
    return outputs_.log_softmax(1);
  });
}

const Tensor& Predictions::probabilities() const {
  return cached(probabilities_, [&] { return log_probabilities().exp(); });
}

const Tensor& Predictions::predicted() const {
  return cached(predicted_, [&] {
    // `argmax` does not say which of several equal entries it returns.
    const Tensor largest = log_probabilities().amax(1, /*keepdim=*/true);
    return at::argmax(log_probabilities().eq(largest).to(at::kInt), 1);
  });
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
  return cached(confidence_,
                [&] { return of_label(log_probabilities(), dataset_->targets).exp(); });
}

const Tensor& Predictions::entropy() const {
  return cached(entropy_, [&] { return -(probabilities() * log_probabilities()).sum(1); });
}

const Tensor& Predictions::modified_entropy() const {
  return cached(modified_entropy_, [&] {
    const Tensor others = without_label(log_probabilities(), dataset_->targets);
    // ln(1 - p_c) is the log of the sum of every other probability: exact also where p_c is near 1,
    // which happens in one class at most.
    const std::int64_t classes = log_probabilities().size(1);
    Tensor sum = others.logsumexp(1).exp() * losses();  // (1 - p_y)(-ln p_y)
    for (std::int64_t c = 0; c < classes; ++c) {
      Tensor rest = log_probabilities().clone();
      rest.select(1, c).fill_(-std::numeric_limits<double>::infinity());
      const Tensor term = others.select(1, c).exp() * rest.logsumexp(1);
      sum = sum - at::where(dataset_->targets.eq(c), at::zeros_like(term), term);
    }
    return sum;
  });
}

const Tensor& Predictions::scaled_confidence() const {
  return cached(scaled_confidence_, [&] {
    return -losses() - without_label(log_probabilities(), dataset_->targets).logsumexp(1);
  });
}

}  // namespace oubli
