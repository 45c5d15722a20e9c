// A sequence of methods: each edits what the one before it left.
//
//   then: [gradient_ascent, {finetune: {epochs: 2}}]
//
// All of them are given the same edit. What a method calls the original, such as a teacher, is the
// model that it starts from. A sequence of one is that method, bit for bit. It ends early where one
// of them diverges or is stopped. Adds where all of them do. Cost: that of all.
#include <fmt/format.h>

#include "core/unlearn/chosen_method.h"

namespace oubli {
namespace {

class Then : public Unlearner {
 public:
  Then(const Settings& settings, const Methods& methods)
      : methods_(read_methods(settings, "methods", methods, {"neggrad_plus", "finetune"},
                              "in their order")) {}

  std::optional<double> estimate_cost(const Task& task) const override {
    return estimate_costs(methods_, task);
  }

  void require(const Task& task) const override { require_all(methods_, task); }
  Json parts() const override { return parts_of(methods_); }
  TrainingPlan training_plan(TrainingPlan standard) const override {
    return training_plan_of(methods_, std::move(standard));
  }

  UnlearnReport unlearn(Model& model, const Task& task, Context& context) const override {
    UnlearnReport report;
    for (std::size_t i = 0; i < methods_.size(); ++i) {
      const std::string stream = i == 0 ? "" : fmt::format("method {}", i + 1);
      const UnlearnReport own = methods_[i].run(model, task, context, stream);
      if (!note_method(methods_[i], own, report)) break;
    }
    return report;
  }

 private:
  std::vector<ChosenMethod> methods_;
};

}  // namespace

MethodInfo then_method() {
  return {.name = "then",
          .summary = "several methods, each on what the one before it left",
          .reference =
              "composition, as in the competition entries of Triantafillou et al. 2024, "
              "arXiv 2406.09073",
          .definition =
              "The methods of the list in their order, each with the same edit, starting "
              "from the parameters that the one before it ended with.",
          .needs_retain_data = true,
          .needs_forget_data = true,
          .supports_adding = true,
          .takes_sequences = true,
          .make = make_unlearner<Then>};
}

}  // namespace oubli
