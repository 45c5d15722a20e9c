#include "core/unlearn/nearest_mistakes.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "core/unlearn/input_gradients.h"

namespace oubli {
namespace {

// Each example's [b], shaped to multiply [b, ...].
Tensor norms(const Tensor& vectors) {
  std::vector<std::int64_t> shape(static_cast<std::size_t>(vectors.dim()), 1);
  shape[0] = vectors.size(0);
  return vectors.flatten(1).norm(2, 1).clamp_min(1e-30).view(shape);
}

struct Found {
  Tensors rows, inputs, labels;
};

// Ascends from the examples of `left` within `radius`; those that end as mistakes are moved from
// there to `found`.
void search_within(double radius, std::int64_t steps, const Model& model,
                   const Objective& objective, const InputRange& range, Batch& left, Found& found,
                   CostMeter& cost) {
  const double length = 2.5 * radius / static_cast<double>(steps);
  const Batch start = left;
  Tensor x = start.inputs;
  Tensor places = at::arange(start.size());  // in `start`, of what is still searched
  for (std::int64_t step = 0; step <= steps && places.numel() > 0; ++step) {
    const Tensor truth = start.targets.index_select(0, places);
    const InputGradients here = input_gradients(model, objective, x, truth, cost);
    const Tensor taken = objective.class_scores(here.outputs).argmax(1);
    const Tensor mistaken = taken.ne(truth).nonzero().squeeze(1);
    const Tensor others = taken.eq(truth).nonzero().squeeze(1);
    found.rows.push_back(start.rows.index_select(0, places.index_select(0, mistaken)));
    found.inputs.push_back(x.index_select(0, mistaken));
    found.labels.push_back(taken.index_select(0, mistaken));
    places = places.index_select(0, others);
    const Tensor from = start.inputs.index_select(0, places);
    const Tensor slope = here.gradients.index_select(0, others);
    const Tensor way = x.index_select(0, others) + length * slope / norms(slope) - from;
    x = range.clamp(from + way * (radius / norms(way)).clamp_max(1));
  }
  left.inputs = start.inputs.index_select(0, places);
  left.targets = start.targets.index_select(0, places);
  left.rows = start.rows.index_select(0, places);
  left.weights = Tensor();
}

}  // namespace

MistakeSearch MistakeSearch::read(const Settings& settings) {
  MistakeSearch search;
  search.radius = settings.real(
      "radius",
      {.default_value = search.radius, .above = 0, .doc = "first radius that is searched"});
  search.doublings = settings.integer("doublings", {.default_value = search.doublings,
                                                    .at_least = 0,
                                                    .at_most = 60,
                                                    .doc = "of the radius, at most"});
  search.steps = settings.integer(
      "ascent_steps",
      {.default_value = search.steps, .at_least = 1, .doc = "of ascent within one radius"});
  return search;
}

void Replacements::put(Batch& batch) const {
  if (rows.numel() == 0) return;
  const Tensor at = at::searchsorted(rows, batch.rows).clamp_max(rows.numel() - 1);
  const Tensor places = rows.index_select(0, at).eq(batch.rows).nonzero().squeeze(1);
  const Tensor from = at.index_select(0, places);
  batch.inputs = batch.inputs.index_copy(0, places, inputs.index_select(0, from));
  batch.targets = batch.targets.index_copy(0, places, labels.index_select(0, from));
}

Replacements nearest_mistakes(const Model& model, const Subset& subset, const Objective& objective,
                              const MistakeSearch& search, Context& context) {
  const InputRange range = input_range(subset, model.dtype());
  Found found;
  for (std::int64_t begin = 0; begin < subset.size(); begin += kEvaluationBatch) {
    Batch left = subset.batch(begin, kEvaluationBatch, model.dtype());
    double radius = search.radius;
    for (std::int64_t k = 0; k <= search.doublings && left.size() > 0; ++k, radius *= 2) {
      if (context.should_stop()) break;
      search_within(radius, search.steps, model, objective, range, left, found, context.cost);
    }
  }
  if (found.rows.empty()) return {at::empty({0}, at::kLong), {}, {}};
  const auto [rows, order] = at::cat(found.rows).sort();
  return {rows, at::cat(found.inputs).index_select(0, order),
          at::cat(found.labels).index_select(0, order)};
}

}  // namespace oubli
