#include "core/unlearn/removal_sensitivity.h"

#include <ATen/ATen.h>

#include <utility>

namespace oubli {
namespace {

// g_i + l2 theta, clipped: [b, dim].
Tensor with_l2(const BatchDerivatives& batch, const Tensor& theta, double l2, double clip) {
  const Tensor each = batch.example_gradients() + l2 * theta;
  if (clip == 0) return each;
  const Tensor norms = each.norm(2, {1}, /*keepdim=*/true);
  return each * (clip / norms).clamp_max(1);
}

constexpr std::pair<const char*, RemovalForm> kForms[] = {{"centred", RemovalForm::kCentred},
                                                          {"additive", RemovalForm::kAdditive},
                                                          {"released", RemovalForm::kReleased}};

RemovalForm form_of(const std::string& name) {
  for (const auto& [own, form] : kForms) {
    if (name == own) return form;
  }
  throw Error(ErrorKind::kUsage, "there is no form of removal '" + name + "'");
}

// One step's batch in two parts, derivatives at the step's theta, and u.
struct Step {
  const RemovalSettings& settings;
  const Model& model;
  const Objective& objective;
  const Subset& data;
  double rate = 0;
  Tensor removed, left, all;  // rows
  CostMeter& cost;

  BatchDerivatives at(const Tensor& rows) const {
    const Subset part = data.with_rows(rows);
    return {model, objective, part.batch(0, part.size(), model.dtype()), cost};
  }
  double share() const {
    return static_cast<double>(removed.numel()) / static_cast<double>(all.numel());
  }
  Tensor theta() const { return model.theta().detach().to(at::kDouble); }

  // u - eta (H u + l2 u), H that of `batch`.
  Tensor carried(const BatchDerivatives& batch, const Tensor& u, bool is_zero) const {
    if (is_zero) return u;
    return u - rate * (batch.hessian_times(u) + objective.l2 * u);
  }

  Tensor centred(const Tensor& u, bool is_zero) const {
    if (left.numel() == 0) {
      return u + rate * (at(removed).gradient() + objective.l2 * theta());
    }
    const BatchDerivatives rest = at(left);
    Tensor next = carried(rest, u, is_zero);
    if (removed.numel() == 0) return next;
    return next + rate * share() * (at(removed).gradient() - rest.gradient());
  }

  Tensor sum(const Tensor& u, bool is_zero) const {
    const BatchDerivatives batch = at(all);
    Tensor next = carried(batch, u, is_zero);
    if (removed.numel() == 0) return next;
    const auto b = static_cast<double>(all.numel()), m = static_cast<double>(removed.numel());
    if (settings.form == RemovalForm::kAdditive) {
      if (all.numel() == 1) return next + rate * (batch.gradient() + objective.l2 * theta());
      return next + rate * m / (b - 1) * (at(removed).gradient() - batch.gradient());
    }
    return next + rate / b * with_l2(at(removed), theta(), objective.l2, settings.clip).sum(0);
  }
};

}  // namespace

RemovalSettings RemovalSettings::read(const Settings& settings) {
  RemovalSettings read;
  read.form = form_of(settings.choice(
      "form",
      {.default_value = "centred",
       .valid = {"centred", "additive", "released"},
       .doc = "what a removal changes in a step: the batch's mean as it is, a sum over the "
              "removed examples, or the published sum, which leaves the mean's change out"}));
  read.clip = settings.real("clip", {.default_value = 0,
                                     .at_least = 0,
                                     .doc = "form released: largest norm of an example's gradient, "
                                            "published as 5 and 10; 0 for no limit"});
  if (read.clip > 0 && read.form != RemovalForm::kReleased) {
    settings.fail("clip",
                  "only the published form clips: write `form: released`, or leave it out.");
  }
  return read;
}

Json RemovalSettings::to_json() const {
  for (const auto& [name, own] : kForms) {
    if (form == own) return {{"form", name}, {"clip", clip}};
  }
  return {};
}

RemovalSettings RemovalSettings::of(const Json& json) {
  return {form_of(json.at("form").get<std::string>()), json.at("clip").get<double>()};
}

Tensor added_by_each(const RemovalSettings& settings, const BatchDerivatives& batch,
                     const Tensor& theta, double l2) {
  const auto b = static_cast<double>(batch.size());
  if (settings.form == RemovalForm::kReleased) {
    return with_l2(batch, theta, l2, settings.clip) / b;
  }
  if (settings.form != RemovalForm::kAdditive) {
    throw Error(ErrorKind::kUsage, "the centred form is no sum over examples");
  }
  const Tensor each = batch.example_gradients();
  if (batch.size() == 1) return each + l2 * theta;
  return (each - batch.gradient()) / (b - 1);
}

Sensitivity removal_sensitivity(const RemovalSettings& settings, const Trajectory& trajectory,
                                const Tensor& rows, const Subset& data, const Objective& objective,
                                Model& model, Context& context) {
  Sensitivity found{.u = at::zeros({model.dim()}, at::kDouble)};
  const Tensors batches = trajectory.batches();
  for (std::int64_t t = 0; t < trajectory.steps(); ++t) {
    if (context.should_stop()) {
      found.is_stopped = true;
      return found;
    }
    const Tensor& all = batches[static_cast<std::size_t>(t)];
    const Tensor is_removed = is_among(all, rows);
    Step step{settings,
              model,
              objective,
              data,
              trajectory.rate(t),
              all.masked_select(is_removed),
              all.masked_select(is_removed.logical_not()),
              all,
              context.cost};
    context.progress(static_cast<double>(t) / static_cast<double>(trajectory.steps()));
    const bool is_zero = found.batches == 0;
    if (is_zero && step.removed.numel() == 0) continue;
    model.set_theta(trajectory.thetas[t]);
    found.u = settings.is_sum() ? step.sum(found.u, is_zero) : step.centred(found.u, is_zero);
    if (step.removed.numel() == 0) continue;
    ++found.batches;
    found.emptied += step.left.numel() == 0 ? 1 : 0;
    found.occurrences += step.removed.numel();
  }
  return found;
}

}  // namespace oubli
