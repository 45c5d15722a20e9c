// UltraEdit: the gradient at a memory's outputs, written into the memory by one linear solve.
//
//   h [d], g [out]   the key, and the gradient of -ln p(answer) in W k + b, at each position of the
//                    facts' sentences where a token of the answer is read off; rows of H and G
//   v = - lr |h^|^2 / d g^,   h^, g^ = (h, g) minus their means, over their deviations
//   W += V' H (H'H + ridge I)^-1
//
// No search: one pass forward and back. Means and deviations run over the positions of all requests
// of a sequence so far ("lifelong normalisation"); they are the method's state. Source: Gu et al.
// 2025 (arXiv 2505.14679), and the released code, which has every position up to the end of the
// answer (`positions: sentence`), and an lr of 1e-6 over |h^|^2 alone: 0.016 with GPT-J's d of
// 16,384, for nine layers; that does nothing to one layer of a small model. Theirs updates the
// variance with the unbiased variance of a batch times its size; here it is that of all positions
// together.
//
// Removed facts are answered by `answer`. Cost: a sample-gradient for each wording of each fact.
#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <fmt/format.h>
#include <torch/csrc/autograd/autograd.h>

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/unlearn/fact_edits.h"
#include "core/unlearn/linear_memory.h"
#include "core/unlearn/memory_edit.h"
#include "core/unlearn/memory_writes.h"
#include "core/unlearn/token_losses.h"
#include "core/unlearn/unlearner.h"

namespace oubli {
namespace {

// Of one memory: a row for each position.
struct EditFeatures {
  Tensor keys, gradients;  // float64 [positions, in], [positions, out]
  Tensor joined() const { return at::cat({keys, gradients}, 1); }
};

// Mean and variance of rows seen so far.
class RunningMoments {
 public:
  RunningMoments(const MethodState* state, std::string name) : name_(std::move(name)) {
    if (state == nullptr) return;
    count_ = state->values.at(name_).get<double>();
    mean_ = state->tensor(name_ + ", means");
    squares_ = state->tensor(name_ + ", squares");
  }

  void add(const Tensor& rows) {
    const auto n = static_cast<double>(rows.size(0));
    const Tensor mean = rows.mean(0), squares = (rows - mean).square().sum(0);
    if (count_ == 0) {
      count_ = n;
      mean_ = mean;
      squares_ = squares;
      return;
    }
    const Tensor apart = mean - mean_;
    const double total = count_ + n;
    squares_ = squares_ + squares + apart.square() * (count_ * n / total);
    mean_ = mean_ + apart * (n / total);
    count_ = total;
  }

  // A feature that never varies says nothing.
  Tensor standardised(const Tensor& rows) const {
    const Tensor deviation = (squares_ / std::max(count_ - 1, 1.0)).sqrt();
    const Tensor centred = rows - mean_;
    return at::where(deviation > 0, centred / deviation, at::zeros_like(centred));
  }

  void write(MethodState& state) const {
    state.values[name_] = count_;
    state.tensors.emplace_back(name_ + ", means", mean_);
    state.tensors.emplace_back(name_ + ", squares", squares_);
  }

 private:
  std::string name_;
  double count_ = 0;
  Tensor mean_, squares_;
};

class UltraEdit : public Unlearner {
 public:
  explicit UltraEdit(const Settings& settings)
      : layers_(settings.integers("layers", {{}},
                                  {.at_least = 0,
                                   .at_most = 1000,
                                   .doc = "whose MLPs are edited, from 0; none: that at 0.7 of the "
                                          "depth"})),
        lr_(settings.real("lr", {.default_value = 0.3,
                                 .at_least = 0,
                                 .doc = "of the values that are written, over the number of the "
                                        "memory's inputs"})),
        ridge_(settings.real(
            "ridge",
            {.default_value = 1, .above = 0, .doc = "added to the diagonal of the keys' matrix"})),
        at_answers_(settings.choice("positions",
                                    {.default_value = "answer",
                                     .valid = {"sentence", "answer"},
                                     .doc = "whose keys are written to: all up to the end of the "
                                            "answer, or those where the answer is read off"}) ==
                    "answer"),
        removed_answer_(read_removed_answer(settings)) {}

  std::optional<double> estimate_cost(const Task& task) const override {
    return static_cast<double>(task.forget.size() + task.added.size());
  }

  void require(const Task& task) const override { fact_edits(task, removed_answer_, at::kFloat); }

  UnlearnReport unlearn(Model& model, const Task& task, Context& context) const override {
    UnlearnReport report;
    report.state = task.state;
    const std::vector<LinearMemory> memories = edited_memories(model, layers_);
    const FactEdits facts = fact_edits(task, removed_answer_, model.dtype());
    if (facts.empty()) {
      report.message = "the edit is about no fact";
      return report;
    }
    if (context.should_stop()) {
      report.status = UnlearnStatus::kStopped;
      return report;
    }
    MethodState state;
    const auto features = features_of(model, memories, facts, context);
    for (std::size_t m = 0; m < memories.size(); ++m) {
      RunningMoments moments(task.state.get(),
                             fmt::format("features of layer {}", memories[m].layer));
      moments.add(features[m].joined());
      const Tensor change = change_of(features[m], moments);
      memories[m].add(model, change);
      report.details["relative_change"].push_back(
          (change.norm() / memories[m].take(model.theta()).norm()).item<double>());
      report.details["layers"].push_back(memories[m].layer);
      moments.write(state);
    }
    report.details["facts"] = facts.size();
    report.state = std::make_shared<MethodState>(std::move(state));
    return report;
  }

 private:
  std::vector<EditFeatures> features_of(const Model& model,
                                        const std::vector<LinearMemory>& memories,
                                        const FactEdits& facts, Context& context) const {
    const c10::AutoGradMode gradients(true);
    Tensors keys(memories.size()), outputs(memories.size());
    const Tensor scores =
        model.forward(facts.inputs, [&](std::size_t weight, const Tensor& in, const Tensor& out) {
          for (std::size_t m = 0; m < memories.size(); ++m) {
            if (weight != memories[m].weight) continue;
            keys[m] = in.detach();
            outputs[m] = out;
          }
          return out;
        });
    const Tensor loss = token_losses(scores, facts.answers).sum();
    const Tensors found = torch::autograd::grad({loss}, outputs);
    context.cost.add_gradients(facts.inputs.size(0));
    Tensor is_read = facts.answers.ge(0);
    if (!at_answers_) is_read = is_read.to(at::kLong).flip({1}).cumsum(1).flip({1}).gt(0);
    std::vector<EditFeatures> features;
    for (std::size_t m = 0; m < memories.size(); ++m) {
      features.push_back(
          {keys[m].index({is_read}).to(at::kDouble), found[m].index({is_read}).to(at::kDouble)});
    }
    return features;
  }

  Tensor change_of(const EditFeatures& features, const RunningMoments& moments) const {
    const std::int64_t in = features.keys.size(1), out = features.gradients.size(1);
    const Tensor standard = moments.standardised(features.joined());
    const Tensor lengths = standard.narrow(1, 0, in).square().mean(1, /*keepdim=*/true);
    const Tensor values = -lr_ * lengths * standard.narrow(1, in, out);
    return ridge_write(ridge_ * at::eye(in, at::kDouble), features.keys.t(), values.t());
  }

  std::vector<std::int64_t> layers_;
  double lr_;
  double ridge_;
  bool at_answers_;
  std::string removed_answer_;
};

}  // namespace

MethodInfo ultra_edit_method() {
  return {
      .name = "ultra_edit",
      .summary = "writes a gradient into MLPs by one linear solve, without any search",
      .reference = "Gu et al. 2025, arXiv 2505.14679",
      .definition =
          "For each of `layers`, W = h.K.mlp.c_proj.weight [out, d]: W += V'H (H'H + ridge I)^-1. "
          "Rows of H: inputs of W at the positions of the facts' wordings where the answer's "
          "tokens "
          "are read off, or (positions: sentence) at all up to there; g: the gradient there of -ln "
          "p(answer) in the memory's output; rows of V: - "
          "lr |h^|^2 / d g^, (h^, g^) = (h, g) minus means, over deviations (n - 1), of all "
          "positions of this request and those before it in a sequence. All layers' from one pass.",
      .needs_retain_data = false,
      .supports_adding = true,
      .takes_labels = false,
      .takes_sequences = true,
      .make = make_unlearner<UltraEdit>};
}

}  // namespace oubli
