// How trained parameters would change, to first order, if examples had not been trained on: a
// vector u that follows one step of training after the other.
//
//   u_{t+1} = u_t - eta_t (H_t u_t + l2 u_t) + eta_t d_t,   u_0 = 0
//
// With R_t the removed examples of batch B_t, m of b, g_i their gradients at theta_t, g_B, g_R and
// g_K the means over the batch, over R_t and over what is left of it:
//
//   centred    d = g_B - g_K = (m/b) (g_R - g_K) and H of what is left of the batch: the way from
//              one batch mean to the other as it is, and first order in u alone. A batch of which
//              nothing is left takes no step: u_{t+1} = u_t + eta_t (g_B + l2 theta_t)
//   additive   d = sum_R (g_i - g_B) / (b - 1), H of the batch: exact for one example of a batch,
//              first order in m/b for more, and a sum over the removed examples
//   released   d = (1/b) sum_R clip(g_i + l2 theta_t), H of the batch: of a retraining that keeps
//              b where examples are gone, and the share of l2 that went with them. A sum too
//
// Source: Qiao et al. 2024 (arXiv 2404.01712); `released` is their code's, but for the order: there
// d is added first and H acts on it too, which is the derivative of no training. Retraining takes
// the mean over what is left, so the batch's mean has to be taken off: derived here. Additive, and
// released without clipping, are derivatives of the trained parameters in the examples' weights:
// of sum_B w_i g_i / sum_B w_i, times b / (b - 1), and of (1/b) sum_B w_i (g_i + l2 theta).
//
// Cost of a step: b + m for d, and 2 b (centred: 2 (b - m)) for the product, which u = 0 spares.
#pragma once

#include "core/unlearn/batch_derivatives.h"
#include "core/unlearn/training_trajectory.h"

namespace oubli {

enum class RemovalForm { kCentred, kAdditive, kReleased };

struct RemovalSettings {
  RemovalForm form = RemovalForm::kCentred;
  double clip = 0;  // released: largest norm of an example's gradient; 0 for no limit

  // A sum over examples, so that vectors of single ones can be kept.
  bool is_sum() const { return form != RemovalForm::kCentred; }

  // form, clip
  static RemovalSettings read(const Settings& settings);
  Json to_json() const;
  static RemovalSettings of(const Json& json);
};

// d of R_t = {i} for each example i of a batch: float64 [b, dim]. Error(kUsage) for the centred
// form, which is no sum.
Tensor added_by_each(const RemovalSettings& settings, const BatchDerivatives& batch,
                     const Tensor& theta, double l2);

struct Sensitivity {
  Tensor u;                      // float64 [dim]
  std::int64_t batches = 0;      // that held a removed example
  std::int64_t emptied = 0;      // of which nothing was left
  std::int64_t occurrences = 0;  // of removed examples in batches
  bool is_stopped = false;       // by the context, before the end
};

// u at the end of the trajectory for removing `rows`, sorted. `model` is where derivatives are
// taken: its parameters change.
Sensitivity removal_sensitivity(const RemovalSettings& settings, const Trajectory& trajectory,
                                const Tensor& rows, const Subset& data, const Objective& objective,
                                Model& model, Context& context);

}  // namespace oubli
