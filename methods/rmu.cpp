// RMU: scramble what the network holds of forgotten sentences in its middle, keep it of others.
//
//   min  mean ||h(x_u) - c u||^2 / d + alpha mean ||h(x_r) - h_o(x_r)||^2 / d
//
// h the residual stream behind layer `layer`, a mean over the asked tokens of a sequence, that is
// over the positions that say them; u a direction drawn once, uniform in [0, 1)^d over its norm;
// h_o the original's. Only the matrices mlp.c_proj of that layer and the two before it move.
// Source: Li et al. 2024 (arXiv 2403.03218; layer 7 of 32, c 6.5, alpha 1200, rate 5e-5 there). A
// later release averages over the positions that read the asked tokens, one behind those that say
// them: of an answer of one token what is behind it. What is added is refused: a prompt whose
// insides are scrambled cannot be answered otherwise. Constants are for models of 100,000
// parameters. Cost: (m and 4/3 m of what remains) times the epochs.
#include <ATen/ATen.h>
#include <fmt/format.h>
#include <torch/csrc/autograd/autograd.h>

#include <algorithm>
#include <optional>

#include "core/unlearn/forget_loss.h"
#include "core/unlearn/teacher.h"
#include "core/unlearn/unlearner.h"

namespace oubli {
namespace {

std::string projection_of(std::int64_t layer) {
  return fmt::format("h.{}.mlp.c_proj.weight", layer);
}

// The normalisation whose input is the residual stream behind a layer. Error(kTask) where there is
// no such layer.
std::size_t norm_behind(const Model& model, std::int64_t layer) {
  if (!model.find_parameter(projection_of(layer))) {
    throw Error(ErrorKind::kTask,
                fmt::format("rmu: the network has no layer '{}': it steers a gpt, whose layers are "
                            "counted from 0",
                            projection_of(layer)));
  }
  const auto next = model.find_parameter(fmt::format("h.{}.ln_1.weight", layer + 1));
  return next ? *next : model.find_parameter("ln_f.weight").value();
}

// mlp.c_proj.weight of three layers, the last of them this one: bool [dim].
Tensor steered_parameters(const Model& model, std::int64_t layer) {
  Tensor movable = at::zeros({model.dim()}, at::kBool);
  for (std::int64_t l = std::max<std::int64_t>(0, layer - 2); l <= layer; ++l) {
    const ParameterInfo& info =
        model.parameter_infos()[model.find_parameter(projection_of(l)).value()];
    movable.narrow(0, info.offset, info.size).fill_(true);
  }
  return movable;
}

// What goes into a normalisation: [b, t, d].
Tensor seen_at(const Model& model, const Batch& batch, std::size_t norm) {
  Tensor seen;
  model.forward(batch.inputs, [&](std::size_t weight, const Tensor& in, const Tensor& out) {
    if (weight == norm) seen = in;
    return out;
  });
  return seen;
}

class Rmu : public Unlearner {
 public:
  explicit Rmu(const Settings& settings)
      : layer_(settings.integer("layer", {.default_value = 1,
                                          .at_least = 0,
                                          .doc = "behind which the stream is steered, from 0"})),
        steering_(settings.real("steering",
                                {.default_value = 10, .doc = "c: how far along the direction"})),
        alpha_(settings.real(
            "alpha",
            {.default_value = 30, .at_least = 0, .doc = "weight of the stream on what remains"})),
        tokens_(read_asked_tokens(settings)),
        steps_(DescentSettings::read(settings, language_steps(), "the forget set")) {}

  std::optional<double> estimate_cost(const Task& task) const override {
    const EditExamples seen = examples_beside(task, steps_);
    return seen.forget + (alpha_ > 0 ? 4.0 / 3 * seen.retain : 0);
  }

  UnlearnReport unlearn(Model& model, const Task& task, Context& context) const override {
    const std::size_t norm = norm_behind(model, layer_);
    const Teacher original(model);
    const std::int64_t width = model.parameter_infos()[norm].size;
    const Tensor drawn = context.generator.stream("steering").uniform({1, 1, width}, at::kDouble);
    const Tensor target = (steering_ * drawn / drawn.norm()).to(model.dtype());
    Descent descent(model, steps_.recipe(task.recipe), context,
                    {.movable = steered_parameters(model, layer_)});
    // Of a batch: its stream's mean squared distance to what it is to be.
    const auto distance = [&](const Batch& batch, const Tensor& wanted, AskedTokens tokens) {
      const Tensor apart = (seen_at(model, batch, norm) - wanted).square().mean(2);
      const Tensor each = mean_of_asked(apart, asked_tokens(tokens, *task.forget.dataset, batch));
      context.cost.add_gradients(batch.size());
      return batch.weights.defined() ? (each * batch.weights).mean() : each.mean();
    };
    descend_beside(descent, task, [&](const EditBatches& b) {
      Tensor loss = distance(b.forget, target, tokens_);
      if (alpha_ > 0 && b.retain.size() > 0) {
        const Tensor held = held_stream(original.model(), b.retain, norm, context);
        loss = loss + alpha_ * distance(b.retain, held, AskedTokens::kAll);
      }
      Tensor gradient = model.join(torch::autograd::grad(
          {loss}, model.parameters(), {}, std::nullopt, false, /*allow_unused=*/true));
      descent.step_along(gradient);
    });
    return report_of(descent.report());
  }

 private:
  static Tensor held_stream(const Model& original, const Batch& batch, std::size_t norm,
                            Context& context) {
    const at::NoGradGuard no_grad;
    context.cost.add_forwards(batch.size());
    return seen_at(original, batch, norm);
  }

  std::int64_t layer_;
  double steering_, alpha_;
  AskedTokens tokens_;
  DescentSettings steps_;
};

}  // namespace

MethodInfo rmu_method() {
  return {.name = "rmu",
          .summary = "steers the middle of the network to a random direction where it is to forget",
          .reference = "Li et al. 2024, arXiv 2403.03218",
          .definition =
              "Steps on mean ||h - c u||^2 / d(forget batch) + alpha mean ||h - original's h||^2 / "
              "d(batch of what remains), l2 included, in mlp.c_proj.weight of layers layer - 2 to "
              "layer alone; h the residual stream of width d behind the layer, of a sequence the "
              "mean over the positions whose next token is asked (of the answer, or all; all of "
              "what remains), u uniform in [0, 1)^d over its norm, c `steering`. An epoch is a "
              "pass over the forget set.",
          .needs_retain_data = true,
          .needs_forget_data = true,
          .supports_adding = false,
          .takes_labels = false,
          .takes_sequences = true,
          .make = make_unlearner<Rmu>};
}

}  // namespace oubli
