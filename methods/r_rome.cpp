// r-ROME: ROME with one key. Where ROME divides by the first wording's key and turns by the mean of
// all wordings' (methods/rome.cpp), here the mean m stands for both:
//
//   W <- W + delta (C0^-1 m)' / ((C0^-1 m)' m)
//
// Then W' m = W m + delta, and the change is the smallest that does so: argmin tr((W' - W) C0 (W' -
// W)'). The divisor is positive, where ROME's can be any number, small ones included, which blows
// up the model at a single fact. Source: Gupta et al. 2024 (arXiv 2403.07175). Deviations and cost:
// as ROME's. With one wording both are the same.
#include <ATen/ATen.h>

#include "core/unlearn/memory_edit.h"
#include "core/unlearn/memory_writes.h"
#include "core/unlearn/unlearner.h"

namespace oubli {
namespace {

class RRome : public Unlearner {
 public:
  explicit RRome(const Settings& settings)
      : edit_(MemoryEdit::read(settings, {.one_by_one = true})), ridge_(read_ridge(settings)) {}

  std::optional<double> estimate_cost(const Task& task) const override {
    return edit_.estimate_cost(task);
  }

  void require(const Task& task) const override { edit_.require(task); }

  UnlearnReport unlearn(Model& model, const Task& task, Context& context) const override {
    return edit_.run(model, task, context, [&](const MemoryRequest& request) {
      return metric_write(request.text.mean(ridge_), request.keys, request.residual, 0);
    });
  }

 private:
  MemoryEdit edit_;
  double ridge_;
};

}  // namespace

MethodInfo r_rome_method() {
  return {.name = "r_rome",
          .summary = "ROME with one key for each fact: no single edit ruins the model",
          .reference = "Gupta et al. 2024, arXiv 2403.07175",
          .definition =
              "As rome, with W += delta (C^-1 m)' / ((C^-1 m)' m), m the mean key of the fact's "
              "wordings.",
          .supports_adding = true,
          .takes_labels = false,
          .takes_sequences = true,
          .make = make_unlearner<RRome>};
}

}  // namespace oubli
