// Doing nothing, as a row of its own: the check of every score, which must not rank it high.
//
//   theta' = theta
#include "core/unlearn/unlearner.h"

namespace oubli {
namespace {

class Identity : public Unlearner {
 public:
  explicit Identity(const Settings&) {}

  std::optional<double> estimate_cost(const Task&) const override { return 0; }

  UnlearnReport unlearn(Model&, const Task&, Context&) const override {
    UnlearnReport report;
    report.message = "it does nothing by definition";
    return report;
  }
};

}  // namespace

MethodInfo identity_method() {
  return {.name = "identity",
          .summary = "does nothing: what a score makes of it is what the score is worth",
          .reference = "the control of every comparison",
          .definition = "theta' = theta, buffers included.",
          .needs_retain_data = false,
          .needs_forget_data = false,
          .supports_adding = true,
          .takes_sequences = true,
          .make = make_unlearner<Identity>};
}

}  // namespace oubli
