// Fine-tuning of one matrix on the new answers, within a box around what it was (FT-L).
//
//   W <- clamp(W - lr Adam(g), W_0 - bound, W_0 + bound),
//   g = gradient in W of the mean over the edit's sentences of -ln p(answer)
//
// with all sentences in each step, W = h.K.mlp.c_proj.weight, and an end once the mean is below
// `enough`. The baseline of editors: no second look at anything else, and nothing but the bound
// that keeps it near. Source: Zhu et al. 2020 (arXiv 2012.00363), whose bound is on the largest
// change of a weight; Adam on one such matrix as in the comparison of Meng et al. 2022 (arXiv
// 2202.05262): the first layer's of GPT-2 XL, 25 steps of 5e-4, with a bound of 5e-4. That bound is
// of its weights; here it is over the root mean square of W_0, and the layer one where answers are
// read off.
//
// Cost: a sample-gradient for each wording of each fact and step.
#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <fmt/format.h>
#include <torch/csrc/autograd/autograd.h>

#include <string>
#include <vector>

#include "core/train/optimizer.h"
#include "core/unlearn/fact_edits.h"
#include "core/unlearn/linear_memory.h"
#include "core/unlearn/memory_edit.h"
#include "core/unlearn/token_losses.h"
#include "core/unlearn/unlearner.h"

namespace oubli {
namespace {

class ConstrainedFinetuning : public Unlearner {
 public:
  explicit ConstrainedFinetuning(const Settings& settings) {
    layer_ = read_edited_layer(
        settings, "whose second MLP matrix is trained, from 0; -1: that at 0.7 of the depth");
    steps_ = settings.integer("steps", {.default_value = 100, .at_least = 0, .doc = "at most"});
    lr_ = settings.real("lr", {.default_value = 3e-4, .above = 0, .doc = "of Adam"});
    bound_ = settings.real("bound", {.default_value = 0.7,
                                     .above = 0,
                                     .doc = "largest change of a weight, over the root mean square "
                                            "of the matrix"});
    enough_ = settings.real("enough", {.default_value = 0.2,
                                       .at_least = 0,
                                       .doc = "it ends once the mean of -ln p(answer) is below"});
    removed_answer_ = read_removed_answer(settings);
  }

  std::optional<double> estimate_cost(const Task& task) const override {
    return static_cast<double>((task.forget.size() + task.added.size()) * (steps_ + 1));
  }

  void require(const Task& task) const override { fact_edits(task, removed_answer_, at::kFloat); }

  UnlearnReport unlearn(Model& model, const Task& task, Context& context) const override {
    UnlearnReport report;
    const LinearMemory memory = edited_memories(model, layer_).front();
    const FactEdits facts = fact_edits(task, removed_answer_, model.dtype());
    if (facts.empty()) {
      report.message = "the edit is about no fact";
      return report;
    }
    const Tensor start = memory.take(model.theta().detach()).clone();
    const double bound = bound_ * start.square().mean().sqrt().item<double>();
    const auto adam = make_optimizer({.name = "adam", .lr = lr_});
    Json losses = Json::array();
    for (std::int64_t step = 0; step < steps_; ++step) {
      if (context.should_stop()) {
        report.status = UnlearnStatus::kStopped;
        report.message = fmt::format("stopped after {} of {} steps", step, steps_);
        break;
      }
      Tensor gradient;
      losses.push_back(number_or_null(loss_of(model, memory, facts, gradient, context)));
      if (losses.back().is_null() || losses.back().get<double>() < enough_) break;
      Tensor next = memory.take(model.theta().detach()).clone();
      adam->step(next, gradient, lr_);
      write(model, memory, next.clamp(start - bound, start + bound));
      context.progress(static_cast<double>(step + 1) / static_cast<double>(steps_));
    }
    report.details["facts"] = facts.size();
    report.details["losses"] = losses;
    const Tensor change = memory.take(model.theta().detach()) - start;
    report.details["largest_change"] = change.abs().max().item<double>();
    report.details["relative_change"] = (change.norm() / start.norm()).item<double>();
    return report;
  }

 private:
  static double loss_of(const Model& model, const LinearMemory& memory, const FactEdits& facts,
                        Tensor& gradient, Context& context) {
    const c10::AutoGradMode gradients(true);
    const Tensor each = token_losses(model.forward(facts.inputs), facts.answers).sum(1);
    const Tensor loss = facts.means(each).mean();
    gradient = torch::autograd::grad({loss}, {model.parameters()[memory.weight]})[0];
    context.cost.add_gradients(facts.inputs.size(0));
    return loss.item<double>();
  }

  static void write(Model& model, const LinearMemory& memory, const Tensor& weights) {
    const Tensor theta = model.theta().detach().clone();
    memory.take(theta).copy_(weights);
    model.set_theta(theta);
  }

  std::vector<std::int64_t> layer_;  // none: the default one
  std::int64_t steps_ = 0;
  double lr_ = 0;
  double bound_ = 0;
  double enough_ = 0;
  std::string removed_answer_;
};

}  // namespace

MethodInfo ft_constrained_method() {
  return {
      .name = "ft_constrained",
      .summary = "fine-tunes one MLP matrix on the new answers, within a box around it",
      .reference = "Zhu et al. 2020, arXiv 2012.00363; Meng et al. 2022, arXiv 2202.05262",
      .definition =
          "W = h.`layer`.mlp.c_proj.weight: `steps` steps of Adam at lr on the mean over the facts "
          "of the mean over their wordings of -ln p(answer), all sentences in each, W clamped "
          "behind each to within bound rms(W_0) of W_0 = W at the start, until the loss is below "
          "enough. The answer is that of the added sentences, or `answer` for facts that are "
          "removed only.",
      .needs_retain_data = false,
      .supports_adding = true,
      .takes_labels = false,
      .takes_sequences = true,
      .make = make_unlearner<ConstrainedFinetuning>};
}

}  // namespace oubli
