// RUM: the forget set in groups that are alike, one after the other, each with its own method.
//
//   groups  equal parts of D_u, in the order of the original's loss on them, lowest first
//   group k is forgotten by method k; later groups still count as what remains
//
// How much an example is memorised says how it is best forgotten: one that the rest of the data
// teaches as well needs no forgetting, and is harmed by it. The loss of an example stands for its
// memorisation, which would need many trainings: of the proxies of the source confidence is this
// one, p_y = exp(-l). `identity` in the list leaves a group alone. One group is the method itself,
// bit for bit. Source: Zhao et al. 2024 (arXiv 2406.01257), three groups, from the least memorised
// on. Cost: m / 3, and that of the methods.
#include <ATen/ATen.h>
#include <fmt/format.h>

#include "core/unlearn/chosen_method.h"

namespace oubli {
namespace {

class Rum : public Unlearner {
 public:
  Rum(const Settings& settings, const Methods& methods)
      : groups_(settings.integer(
            "groups",
            {.default_value = 3, .at_least = 1, .doc = "that the forget set is cut into"})),
        methods_(read_methods(settings, "methods", methods, {"neggrad_plus"},
                              "one for all groups, or one for each, least memorised first")) {
    const auto count = static_cast<std::int64_t>(methods_.size());
    if (count != 1 && count != groups_) {
      settings.fail(
          "methods",
          fmt::format("one method, or one for each of the {} groups, and not {}", groups_, count));
    }
  }

  std::optional<double> estimate_cost(const Task& task) const override {
    const std::optional<double> own = estimate_costs(methods_, task);
    if (!own) return std::nullopt;
    const double each = static_cast<double>(methods_.size() == 1 ? groups_ : 1);
    return *own * each + static_cast<double>(task.forget.size()) / 3;
  }

  void require(const Task& task) const override { require_all(methods_, task); }
  Json parts() const override { return parts_of(methods_); }
  TrainingPlan training_plan(TrainingPlan standard) const override {
    return training_plan_of(methods_, std::move(standard));
  }

  UnlearnReport unlearn(Model& model, const Task& task, Context& context) const override {
    UnlearnReport report;
    if (groups_ == 1) {
      note_method(methods_[0], methods_[0].run(model, task, context), report);
      return report;
    }
    const Tensors parts = at::tensor_split(by_loss(model, task, context), groups_);
    std::size_t k = 0;
    for (const Tensor& rows : parts) {
      const ChosenMethod& method = methods_.size() == 1 ? methods_[0] : methods_[k];
      ++k;
      if (rows.numel() == 0) continue;
      Tensor later = at::empty({0}, at::kLong);
      for (std::size_t j = k; j < parts.size(); ++j) later = rows_union(later, parts[j]);
      Task own = task;
      own.forget = task.forget.with_rows(std::get<0>(rows.sort()));
      own.retain = task.retain.with_rows(rows_union(task.retain.rows, later));
      own.train = task.train.with_rows(rows_union(own.retain.rows, own.forget.rows));
      const UnlearnReport done = method.run(model, own, context, fmt::format("group {}", k));
      if (!note_method(method, done, report)) break;
    }
    return report;
  }

 private:
  // D_u's rows, the lowest loss first.
  static Tensor by_loss(const Model& model, const Task& task, Context& context) {
    if (task.forget.empty()) return task.forget.rows;
    const Tensor outputs = predict(model, task.forget, context.cost).to(at::kDouble);
    Tensor targets = task.forget.dataset->targets.index_select(0, task.forget.rows);
    if (targets.is_floating_point()) targets = targets.to(at::kDouble);
    const Tensor losses = task.objective().losses(outputs, targets);
    return task.forget.rows.index_select(0, losses.argsort(/*stable=*/true, 0, false));
  }

  std::int64_t groups_;
  std::vector<ChosenMethod> methods_;
};

}  // namespace

MethodInfo rum_method() {
  return {.name = "rum",
          .summary = "forgets groups of the forget set one after the other, least memorised first",
          .reference = "Zhao et al. 2024, arXiv 2406.01257",
          .definition =
              "The forget set is cut into `groups` equal parts in the order of the original's loss "
              "on them, lowest first. Each is forgotten in turn by its method, starting from the "
              "parameters left by the one before; what remains then includes the later groups.",
          .needs_retain_data = true,
          .needs_forget_data = true,
          .supports_adding = true,
          .make = make_unlearner<Rum>};
}

}  // namespace oubli
