// What methods with a Gaussian certificate share: the target, the ball that parameters are clipped
// to, the noise, and the fine-tuning behind it, which is free, since whatever is done with a
// released vector and the remaining data alone tells no more of what was removed.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "core/privacy/certificate.h"
#include "core/train/descent_settings.h"
#include "core/unlearn/unlearner.h"

namespace oubli {

struct PrivacyTarget {
  double epsilon = 1;
  double delta = 1e-5;

  static PrivacyTarget read(const Settings& settings);
};

// theta min(1, radius / |theta|): no longer than the radius.
Tensor clipped_to(const Tensor& theta, double radius);

// Adds N(0, sigma^2 I) to theta.
void add_noise(Model& model, double sigma, Generator& noise);

// What every release of parameters rests on: nothing else leaves the method with them, and neither
// the settings nor the inputs of what remains tell of what was removed.
std::vector<Assumption> assumptions_of_release(const Model& model, const Task& task);

// How long noise may be that a method asks for: `largest_noise`, times the parameters.
double read_largest_noise(const Settings& settings);
// Why noise of this size is refused, being all that would be left of theta; "" where it is not.
std::string too_noisy(const Tensor& theta, double sigma, double largest_noise, double epsilon);

// The report of a method that releases under a certificate, which it carries in its details; status
// kRefused where an assumption fails.
UnlearnReport certified(const Certificate& certificate);

// Refused for another reason than an assumption. Details have the assumptions, and no epsilon,
// which nothing stands behind.
UnlearnReport refused(const Certificate& certificate, std::string why);
// Of a request to forget nothing: what was done before stays.
UnlearnReport nothing_to_forget(const Task& task);
// The context asked to stop before the steps were done: the report has no certificate then, and
// what requests before this one gave away stays on account.
void note_nothing_released(const Task& task, UnlearnReport& report);

// Steps on the mean loss of batches of what remains, without l2, each of which noise follows; what
// a step does with its gradient is the method's.
struct NoisySteps {
  std::int64_t count = 0;
  double eta = 0;               // rate
  double sigma = 0;             // of the noise
  std::int64_t batch_size = 0;  // 0: as in training

  void take(Model& model, const Task& task, Context& context,
            const std::function<void(const Tensor& gradient)>& move) const;
};

// In sample-gradients, of so many noisy steps and the fine-tuning behind them, in batches of one
// size.
double cost_of_release(std::int64_t noisy_steps, const DescentSettings& steps, const Task& task);

// Trains on what remains, behind a release, and puts what that says into the report.
void finetune_released(Model& model, const Task& task, const DescentSettings& steps,
                       Context& context, UnlearnReport& report);

}  // namespace oubli
