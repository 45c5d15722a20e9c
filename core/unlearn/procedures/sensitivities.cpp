// The recipe, from random parameters, and beside it, for every example, the vector by which the
// trained parameters would change without it (core/unlearn/removal_sensitivity.h): forgetting is
// then a sum of vectors. The parameters are those of `standard`, bit for bit.
//
// Settings: form (additive, released), clip, memory (MB). Record: rows [n], sorted, and vectors
// float64 [n, dim]; sample_gradients, what the vectors took beside training: a product with the
// Hessian of each batch for each example met so far, about 2 n^2 times the epochs. Source: Qiao et
// al. 2024 (arXiv 2404.01712). Errors: Error(kUsage) where the vectors are more than `memory`.
#include <ATen/ATen.h>
#include <fmt/format.h>

#include "core/unlearn/procedures/procedure.h"
#include "core/unlearn/removal_sensitivity.h"
#include "core/unlearn/watched_training.h"

namespace oubli {
namespace {

class Vectors {
 public:
  Vectors(const Model& model, const Subset& subset, const TrainingPlan& plan)
      : model_(model),
        objective_(plan.recipe.objective),
        settings_(RemovalSettings::of(plan.settings)),
        rows_(std::get<0>(subset.rows.sort())),
        is_met_(at::zeros({subset.size()}, at::kBool)) {
    const double bytes = 8.0 * static_cast<double>(subset.size()) * static_cast<double>(dim());
    require_room(
        bytes, plan.settings.at("memory").get<std::int64_t>(),
        fmt::format("a vector of {} parameters for each of {} examples", dim(), subset.size()));
    vectors_ = at::zeros({subset.size(), dim()}, at::kDouble);
  }

  void follow(const WatchedStep& step) {
    const BatchDerivatives batch(model_, objective_, step.batch, cost_);
    const Tensor met = is_met_.nonzero().squeeze(1);
    for (std::int64_t k = 0; k < met.numel(); ++k) {
      const Tensor u = vectors_[met[k].item<std::int64_t>()];
      u.sub_(batch.hessian_times(u) + objective_.l2 * u, step.rate);
    }
    const Tensor added =
        added_by_each(settings_, batch, model_.theta().detach().to(at::kDouble), objective_.l2);
    const Tensor places = at::searchsorted(rows_, step.batch.rows);
    vectors_.index_add_(0, places, added, step.rate);
    is_met_.index_fill_(0, places, true);
  }

  MethodState to_state() const {
    return {{{"record", "sensitivities"}, {"sample_gradients", cost_.sample_gradients()}},
            {{"rows", rows_}, {"vectors", vectors_}}};
  }

 private:
  std::int64_t dim() const { return model_.dim(); }

  const Model& model_;
  Objective objective_;
  RemovalSettings settings_;
  CostMeter cost_;
  Tensor rows_, is_met_, vectors_;
};

}  // namespace

TrainingReport sensitivities_training(Model& model, const Subset& subset, const TrainingPlan& plan,
                                      Context& context, MethodState& record) {
  Vectors vectors(model, subset, plan);
  const TrainingReport report = train_watched(
      model, subset, plan.recipe, context, [](std::int64_t) {},
      [&](const WatchedStep& step) { vectors.follow(step); });
  record = vectors.to_state();
  return report;
}

}  // namespace oubli
