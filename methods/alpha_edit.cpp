// AlphaEdit: MEMIT within directions that the text does not use.
//
//   for each layer, in order:   D' = (P (K K' + C_prev) + L2 I)^-1 P K R',   W += D
//
// P = U U' projects onto the eigenvectors of C0 whose eigenvalue is below `threshold`, so that D k
// = 0 for every k in the span of the others: what lies there keeps its value exactly, whatever is
// written. C_prev = sum of K K' of earlier requests of a sequence, which are protected so far as
// the directions reach; it is the method's state. K, R: as MEMIT's. Source: Fang et al. 2024 (arXiv
// 2410.02355), equation 14, and the released code.
//
// Its threshold is 0.02 and L2 10 (1 in the paper), absolute, whatever the size of keys and the
// number of tokens: here both are relative, the threshold to the mean eigenvalue of C0, L2 to the
// mean over the text of |P k|^2; `absolute: true` has them as released, with C0 the mean of k k'.
// The report says of each layer how many directions are left (`rank`); where none is, nothing is
// written there. The system is solved in the coordinates of U, where it is symmetric and its size
// the rank: D k = 0 holds to rounding.
//
// Deviations and cost: as MEMIT's.
#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "core/unlearn/memory_edit.h"
#include "core/unlearn/memory_writes.h"
#include "core/unlearn/unlearner.h"

namespace oubli {
namespace {

std::string earlier_keys(const LinearMemory& memory) {
  return fmt::format("earlier keys of layer {}", memory.layer);
}

class AlphaEdit : public Unlearner {
 public:
  explicit AlphaEdit(const Settings& settings)
      : edit_(MemoryEdit::read(
            settings, {.values = {.clamp = 2, .is_of_stream = true}, .takes_layers = true})) {
    threshold_ = settings.real("threshold",
                               {.default_value = 0.02,
                                .above = 0,
                                .doc = "directions whose mean square in the text's keys is below "
                                       "this, over the mean of all directions, may be used"});
    l2_ = settings.real("l2", {.default_value = 1,
                               .above = 0,
                               .doc = "weight of the change's length, over the mean square length "
                                      "of the text's keys in those directions"});
    is_absolute_ = settings.flag(
        "absolute", {.default_value = false,
                     .doc = "threshold and l2 as numbers of their own, as released: 0.02 and 10"});
  }

  std::optional<double> estimate_cost(const Task& task) const override {
    return edit_.estimate_cost(task);
  }

  void require(const Task& task) const override { edit_.require(task); }

  UnlearnReport unlearn(Model& model, const Task& task, Context& context) const override {
    const std::vector<LinearMemory> memories = edit_.memories(model);
    Tensors earlier;  // C_prev
    for (const LinearMemory& memory : memories) {
      const Tensor kept = task.state ? task.state->tensor(earlier_keys(memory)) : Tensor();
      earlier.push_back(kept.defined() ? kept : at::zeros({memory.in, memory.in}, at::kDouble));
    }
    Json ranks = Json::array();
    UnlearnReport report = edit_.run(model, task, context, [&](const MemoryRequest& request) {
      Tensor& before = earlier[request.place];
      const Tensor change = written(request, before, ranks);
      before = before + request.keys.mm(request.keys.t());
      return change;
    });
    if (ranks.empty()) return report;
    report.details["rank"] = ranks;
    const auto is_none = [](const Json& rank) { return rank == 0; };
    if (std::all_of(ranks.begin(), ranks.end(), is_none)) {
      report.message =
          "no direction is left that the text's keys do not use: raise threshold, or edit a larger "
          "model";
    }
    keep(memories, earlier, report);
    return report;
  }

 private:
  Tensor written(const MemoryRequest& request, const Tensor& before, Json& ranks) const {
    const Tensor c0 = request.text.mean();
    const auto [values, vectors] = at::linalg_eigh(c0);  // ascending
    const double unit = is_absolute_ ? 1 : values.mean().item<double>();
    const auto rank = values.lt(threshold_ * unit).sum().item<std::int64_t>();
    ranks.push_back(rank);
    if (rank == 0) return at::zeros({request.memory.out, request.memory.in}, at::kDouble);
    const Tensor u = vectors.narrow(1, 0, rank);
    const double usual =
        is_absolute_ ? 1 : values.narrow(0, 0, rank).clamp_min(0).sum().item<double>();
    Tensor c = u.t().mm(before).mm(u);
    c.diagonal().add_(l2_ * usual);
    return ridge_write(c, u.t().mm(request.keys), request.residual).mm(u.t());
  }

  static void keep(const std::vector<LinearMemory>& memories, const Tensors& earlier,
                   UnlearnReport& report) {
    MethodState state = *report.state;
    for (std::size_t m = 0; m < memories.size(); ++m) {
      state.tensors.emplace_back(earlier_keys(memories[m]), earlier[m]);
    }
    report.state = std::make_shared<MethodState>(std::move(state));
  }

  MemoryEdit edit_;
  double threshold_;
  double l2_;
  bool is_absolute_;
};

}  // namespace

MethodInfo alpha_edit_method() {
  return {
      .name = "alpha_edit",
      .summary = "MEMIT within directions that the text's keys do not use",
      .reference = "Fang et al. 2024, arXiv 2410.02355",
      .definition =
          "As memit, with W += D, D' = U (U' (K K' + C_prev) U + a I)^-1 U' K R', U the "
          "eigenvectors "
          "of C0 with eigenvalues below threshold times their mean, a = l2 times the sum of these "
          "eigenvalues, C0 the mean of k k' over the positions of what remains without what is "
          "added, C_prev the sum of K K' of the requests before. absolute: eigenvalues below "
          "threshold, a = l2.",
      .supports_adding = true,
      .takes_labels = false,
      .takes_sequences = true,
      .make = make_unlearner<AlphaEdit>};
}

}  // namespace oubli
