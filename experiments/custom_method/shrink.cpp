// A method in one file: multiplies every parameter by a factor. It forgets a little of everything,
// which makes it a baseline that a real method has to beat.
#include "core/unlearn/unlearner.h"

namespace {

class Shrink : public oubli::Unlearner {
 public:
  explicit Shrink(const oubli::Settings& settings)
      : factor_(settings.real("factor", {.default_value = 0.9,
                                         .at_least = 0,
                                         .at_most = 1,
                                         .doc = "what every parameter is multiplied by"})) {}

  oubli::UnlearnReport unlearn(oubli::Model& model, const oubli::Task&,
                               oubli::Context&) const override {
    model.add_to_theta(model.theta(), factor_ - 1);
    oubli::UnlearnReport report;
    report.details["factor"] = factor_;
    return report;
  }

 private:
  double factor_;
};

}  // namespace

oubli::MethodInfo shrink_method() {
  return {.name = "shrink",
          .summary = "multiplies every parameter by a factor",
          .reference = "an example of a method outside oubli's tree",
          .needs_retain_data = false,
          .needs_forget_data = false,
          .make = oubli::make_unlearner<Shrink>};
}
