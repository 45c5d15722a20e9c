// Gradient projection (PGU): forgetting steps that leave what remains as it is, layer by layer.
//
//   A_l = sum a a' over D_r, a what layer l's weight sees (core/curvature/input_moments.h)
//   U_l   the eigenvectors of A_l with the largest eigenvalues e, as many as
//         sum sqrt(e) over them <= retained sum sqrt(e) over all
//   theta after each step:  W_l <- W_l^0 + (W_l - W_l^0) (I - U_l U_l'),  other parameters held
//   loss  mean over D_u of -ln(1 - (p_y - offset)) - entropy_weight H(p),  p = softmax(f)
//
// so that no input in the span of U_l is answered differently by layer l. The loss is bounded: it
// is least where p_y is 0 and p otherwise flat. In evaluation mode, without l2. After each epoch
// the accuracies on D_u and on validation examples are held against each other: once the latter is
// higher the ascent ends, with the parameters of that epoch or of the one before, whichever has the
// two closer. Source: Hoang et al. 2024 (arXiv 2312.04095), settings of their small network on
// CIFAR-10, rates falling from 0.05 to 0.01. They keep A of D from training and subtract that of
// D_u; here A of D_r is formed. The projection is of the whole way gone, so that it holds for every
// optimiser. Weights of layers that do not say what they multiply, or that several layers share,
// are held, with their names in the message; Error(kSettings) where that is all of them.
// Classification only. Cost: 2/3 n_r, an eigenbasis a layer, and for each epoch m and the forward
// passes of both sets.
#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>

#include "core/base/error.h"
#include "core/base/text.h"
#include "core/curvature/input_moments.h"
#include "core/nn/parameter_groups.h"
#include "core/train/descent_settings.h"
#include "core/unlearn/accuracy.h"
#include "core/unlearn/relabelling.h"
#include "core/unlearn/unlearner.h"

namespace oubli {
namespace {

// Where a weight may move: (W - W0) (I - U U').
struct FreeInputs {
  InputMoment layer;
  Tensor basis;  // U [groups, in, k], of the model's type
};

class GradientProjection : public Unlearner {
 public:
  explicit GradientProjection(const Settings& settings)
      : retained_(settings.real("retained", {.default_value = 0.95,
                                             .at_least = 0,
                                             .at_most = 1,
                                             .doc = "share of sum sqrt(e) that is left alone"})),
        offset_(settings.real(
            "offset",
            {.default_value = 0.05, .above = 0, .doc = "keeps the loss finite where p_y is 1"})),
        entropy_(settings.real(
            "entropy_weight",
            {.default_value = 0.2, .at_least = 0, .doc = "weight of the mean entropy"})),
        steps_(DescentSettings::read(settings,
                                     {.epochs = 100,
                                      .lr = 0.05,
                                      .momentum = 0,
                                      .batch_size = 128,
                                      .schedule = {.name = "step", .every = 1, .factor = 0.984}},
                                     "the forget set")) {}

  std::optional<double> estimate_cost(const Task& task) const override {
    const auto n = static_cast<double>(task.retain.size());
    const auto m = static_cast<double>(task.forget.size());
    const auto v = static_cast<double>(task.validation.size());
    return 2.0 / 3.0 * n + (m + (m + v) / 3) * static_cast<double>(steps_.epochs + 1);
  }

  UnlearnReport unlearn(Model& model, const Task& task, Context& context) const override {
    require_classes(task, "gradient_projection");
    if (task.forget.empty()) return {};
    const double gap = accuracy_gap(model, task, context);
    if (gap > 0) {
      return {.message = "validation examples are predicted better than the forget set already"};
    }
    const std::vector<FreeInputs> layers = free_inputs(model, task, context);
    require_layers(layers);
    TrainingRecipe recipe = steps_.recipe(task.recipe);
    recipe.objective.l2 = 0;
    Descent descent(model, recipe, context, changes(model, layers));
    UnlearnReport report = ascend(descent, model, task, gap, context, layers);
    note_held(model, layers, report);
    return report;
  }

 private:
  UnlearnReport ascend(Descent& descent, Model& model, const Task& task, double gap,
                       Context& context, const std::vector<FreeInputs>& layers) const {
    BatchStream forget = descent.batches(task.forget);
    Tensor before = model.theta().clone();
    std::optional<std::string> end;
    while (!end && descent.next_epoch()) {
      for (const Batch& u : forget) {
        descent.step(descent.loss(u, forgetting(task.objective(), u)));
      }
      if (task.validation.empty()) continue;
      const double now = accuracy_gap(model, task, context);
      if (now > 0) {
        const bool goes_back = std::abs(gap) < std::abs(now);
        if (goes_back) model.set_theta(before);
        end = fmt::format("ended after epoch {}{}", descent.epoch() + 1,
                          goes_back ? ", with the parameters before it" : "");
      }
      before = model.theta().clone();
      gap = now;
    }
    if (end) descent.next_epoch();  // closes the last one
    UnlearnReport report = report_of(descent.report());
    if (end) report.message = *end;
    if (task.validation.empty()) {
      report.warnings.emplace_back("without validation examples all epochs are run");
    }
    for (const FreeInputs& layer : layers) {
      report.details["held_directions"][layer.layer.weight] = layer.basis.size(2);
    }
    return report;
  }

  // Of the validation examples over that of the forget set; below every other where there are none.
  static double accuracy_gap(const Model& model, const Task& task, Context& context) {
    if (task.validation.empty()) return -1;
    const Objective& objective = task.objective();
    return accuracy(model, task.validation, objective, context.cost) -
           accuracy(model, task.forget, objective, context.cost);
  }

  static void require_layers(const std::vector<FreeInputs>& layers) {
    if (!layers.empty()) return;
    throw Error(ErrorKind::kSettings,
                "gradient_projection moves weights whose layers say what they multiply, and none "
                "of this network's do: nothing could move. Use another method, or write the "
                "network down layer by layer (`oubli describe network`).");
  }

  static void note_held(const Model& model, const std::vector<FreeInputs>& layers,
                        UnlearnReport& report) {
    std::vector<std::string> held;
    for (const ParameterInfo& info : model.parameter_infos()) {
      const bool moves = std::any_of(layers.begin(), layers.end(), [&](const FreeInputs& each) {
        return each.layer.weight == info.name;
      });
      if (info.is_weight() && !moves) held.push_back(info.name);
    }
    if (held.empty()) return;
    if (!report.message.empty()) report.message += "; ";
    report.message += fmt::format(
        "held, for what they multiply is not known or several layers share them: {}", listed(held));
  }

  OutputLoss forgetting(const Objective& objective, const Batch& batch) const {
    return [&objective, labels = batch.targets, this](const Tensor& outputs) {
      const Tensor log_p = objective.class_scores(outputs).log_softmax(1);
      const Tensor p_y = log_p.gather(1, labels.unsqueeze(1)).squeeze(1).exp();
      const Tensor entropy = -(log_p.exp() * log_p).sum(1);
      return -(1 - (p_y - offset_)).log() - entropy_ * entropy;
    };
  }

  std::vector<FreeInputs> free_inputs(const Model& model, const Task& task,
                                      Context& context) const {
    std::vector<FreeInputs> layers;
    for (InputMoment& layer : input_moments(model, task.retain, context.cost)) {
      const auto [values, vectors] = at::linalg_eigh(layer.moment);
      // Of a block-diagonal matrix as of one: the groups share the count.
      const Tensor size = values.clamp_min(0).sqrt().sum(0).flip(0);
      const Tensor share = size.cumsum(0) / size.sum();
      const double most = retained_ < 1 ? retained_ : 2;  // all of them, whatever rounding says
      const std::int64_t held = share.le(most).sum().item<std::int64_t>();
      const Tensor basis = vectors.narrow(2, layer.in - held, held).to(model.dtype());
      layers.push_back({std::move(layer), basis});
    }
    return layers;
  }

  static StepChanges changes(const Model& model, const std::vector<FreeInputs>& layers) {
    StepChanges changes;
    changes.mode = PassMode::kEvaluation;
    changes.movable = at::zeros({model.dim()}, at::kBool);
    for (const FreeInputs& each : layers) each.layer.take(changes.movable).fill_(true);
    changes.after_step = [&layers, start = model.theta().clone()](const Tensor& theta,
                                                                  const StepState&) {
      for (const FreeInputs& each : layers) {
        const Tensor from = each.layer.take(start), to = each.layer.take(theta);
        const Tensor way = to - from;
        const Tensor held = at::bmm(at::bmm(way, each.basis), each.basis.transpose(1, 2));
        to.copy_(from + way - held);
      }
    };
    return changes;
  }

  double retained_, offset_, entropy_;
  DescentSettings steps_;
};

}  // namespace

MethodInfo gradient_projection_method() {
  return {
      .name = "gradient_projection",
      .summary = "forgets along directions that the retain set's inputs do not reach",
      .reference = "Hoang et al. 2024, arXiv 2312.04095",
      .definition =
          "Steps on the mean over the forget set of -ln(1 - (p_y - offset)) - entropy_weight "
          "H(p), evaluation mode, without l2. After each the way W - W0 of every weight is "
          "multiplied from the right by I - U U', U the leading eigenvectors of the sum of a a' "
          "over what remains, a the weight's inputs: as many as hold at most the share "
          "`retained` of the sum of the roots of all eigenvalues. Other parameters are held. "
          "Ends with the epoch after which validation accuracy is above that of the forget "
          "set, with its parameters or those before, whose difference is smaller.",
      .needs_retain_data = true,
      .needs_forget_data = true,
      .supports_adding = false,
      .make = make_unlearner<GradientProjection>};
}

}  // namespace oubli
