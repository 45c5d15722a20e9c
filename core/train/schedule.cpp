#include "core/train/schedule.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace oubli {
namespace {

// From `from` at share 0 to `to` at share 1 along half a cosine.
double cosine(double from, double to, double share) {
  return to + 0.5 * (from - to) * (1 + std::cos(std::numbers::pi * share));
}

}  // namespace

double Schedule::at(std::int64_t step, std::int64_t steps, std::int64_t epoch) const {
  const double t = static_cast<double>(step);
  const double last = static_cast<double>(steps);
  if (name == "step") {
    const std::int64_t drops = epoch / every;
    return std::pow(factor, static_cast<double>(drops));
  }
  if (name == "multi_step") {
    const auto drops = std::count_if(milestones.begin(), milestones.end(),
                                     [&](std::int64_t milestone) { return milestone <= epoch; });
    return std::pow(factor, static_cast<double>(drops));
  }
  if (name == "cosine") {
    const double risen = std::floor(rise * last);
    return t < risen ? (t + 1) / risen : cosine(1, 0, (t - risen) / (last - risen));
  }
  if (name == "one_cycle") {
    const double peak = warm_up * last - 1;  // below 0 for short runs, which begin on the way down
    if (t <= peak) return cosine(1 / start_divisor, 1, peak > 0 ? t / peak : 1);
    return cosine(1, 1 / (start_divisor * end_divisor), (t - peak) / (last - 1 - peak));
  }
  return 1;
}

Schedule Schedule::read(const Settings& parent) { return read(parent, Schedule()); }

Schedule Schedule::read(const Settings& parent, const Schedule& defaults) {
  Schedule s = defaults;
  const auto [name, settings] = parent.named_child(
      "schedule", defaults.name, {"constant", "step", "multi_step", "cosine", "one_cycle"},
      "how the learning rate changes over the steps");
  s.name = name;
  if (name == "step") {
    s.every = settings.integer(
        "every", {.default_value = s.every, .at_least = 1, .doc = "epochs between drops"});
  } else if (name == "multi_step") {
    s.milestones = settings.integers(
        "milestones", s.milestones.empty() ? std::nullopt : std::optional(s.milestones),
        {.at_least = 1, .doc = "epochs that must be over before each drop"});
  }
  if (name == "step" || name == "multi_step") {
    s.factor = settings.real("factor", {.default_value = s.factor,
                                        .above = 0,
                                        .at_most = 1,
                                        .doc = "what each drop multiplies the rate by"});
  } else if (name == "cosine") {
    s.rise =
        settings.real("warm_up", {.default_value = s.rise,
                                  .at_least = 0,
                                  .below = 1,
                                  .doc = "share of the steps in which the rate first rises, on "
                                         "a line"});
  } else if (name == "one_cycle") {
    s.warm_up = settings.real("warm_up", {.default_value = s.warm_up,
                                          .at_least = 0,
                                          .below = 1,
                                          .doc = "share of the steps in which the rate rises"});
    s.start_divisor = settings.real(
        "start_divisor",
        {.default_value = s.start_divisor, .at_least = 1, .doc = "peak rate over first rate"});
    s.end_divisor = settings.real(
        "end_divisor",
        {.default_value = s.end_divisor, .at_least = 1, .doc = "first rate over last rate"});
  }
  return s;
}

}  // namespace oubli
