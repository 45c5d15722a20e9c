#include "core/evaluate/rtt.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>

#include "core/base/random.h"
#include "core/evaluate/predictions.h"
#include "core/train/descent.h"

namespace oubli {
namespace {

// Mean loss of the answers of these rows, and the share of them that is said.
struct Asked {
  double loss = 0, recall = 0;
};

Asked ask(const Model& model, const Subset& subset, const Objective& objective, CostMeter& cost) {
  const Predictions predictions(subset.dataset, objective.loss_of_scores(),
                                model_outputs(model, subset, objective, cost), subset.rows);
  return {predictions.losses().index_select(0, subset.rows).mean().item<double>(),
          predictions.recalled(subset.rows).to(at::kDouble).mean().item<double>()};
}

}  // namespace

RttSettings RttSettings::read(const Settings& parent) {
  const Settings settings =
      parent.child("rtt", "teaching some of the forgotten facts, for the metric rtt");
  RttSettings result;
  result.part = settings.real("part", {.default_value = result.part,
                                       .above = 0,
                                       .below = 1,
                                       .doc = "of the forgotten facts"
                                              " that are taught"});
  result.steps = DescentSettings::read(settings, result.steps, "the facts that are taught");
  return result;
}

TaughtAndJudged divide_facts(const Dataset& data, const Tensor& forget, const Tensor& reworded,
                             double part) {
  const Tensor fact_of = data.sequences.fact;
  const Tensor own = fact_of.index_select(0, forget);
  const Tensor facts = std::get<0>(at::_unique(own.index({own.ge(0)}), /*sorted=*/true));
  const std::int64_t count = facts.numel();
  const std::int64_t wanted = std::llround(part * static_cast<double>(count));
  const std::int64_t taught = std::clamp<std::int64_t>(wanted, std::min<std::int64_t>(1, count),
                                                       std::max<std::int64_t>(0, count - 1));
  const Tensor order =
      facts.index_select(0, Generator(0).stream("taught facts").permutation(count));
  const auto stating = [&](const Tensor& rows, const Tensor& wanted_facts) {
    return rows.index({at::isin(fact_of.index_select(0, rows), wanted_facts)});
  };
  const Tensor first = order.narrow(0, 0, taught), rest = order.narrow(0, taught, count - taught);
  return {stating(forget, first), rows_union(stating(forget, rest), stating(reworded, rest))};
}

RttCurve retrain_on_part(Model& model, const std::shared_ptr<const Dataset>& data,
                         const TaughtAndJudged& rows, const TrainingRecipe& recipe,
                         Context& context) {
  const Subset taught{data, rows.taught, {}}, judged{data, rows.judged, {}};
  RttCurve curve;
  const auto look = [&] {
    const Asked of_judged = ask(model, judged, recipe.objective, context.cost);
    curve.loss.push_back(of_judged.loss);
    curve.recall.push_back(of_judged.recall);
    curve.taught_recall.push_back(ask(model, taught, recipe.objective, context.cost).recall);
  };
  look();
  Descent descent(model, recipe, context);
  BatchStream batches = descent.batches(taught);
  while (std::isfinite(curve.loss.back()) && descent.next_epoch()) {
    for (const Batch& batch : batches) descent.step(descent.loss(batch));
    look();
  }
  return curve;
}

}  // namespace oubli
