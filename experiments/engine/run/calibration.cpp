#include "experiments/engine/run/calibration.h"

#include <ATen/Parallel.h>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "core/train/objective.h"

namespace oubli {

double seconds_per_sample_gradient(const Experiment& experiment) {
  using Clock = std::chrono::steady_clock;
  constexpr double kLongEnough = 0.3;
  const Model model = experiment.make_model();
  const Subset& train = experiment.task.train;
  const std::int64_t batch =
      std::clamp<std::int64_t>(experiment.spec.recipe.batch_size, 1, train.size());
  const Subset some = train.with_rows(train.rows.narrow(0, 0, batch));
  const int threads = at::get_num_threads();
  at::set_num_threads(static_cast<int>(experiment.spec.threads));
  CostMeter cost;
  const auto work = [&] {
    value_and_gradient(model, some, experiment.spec.recipe.objective, cost, batch);
  };
  work();  // what is slow the first time
  const Clock::time_point start = Clock::now();
  std::int64_t rounds = 0;
  double seconds = 0;
  do {
    work();
    ++rounds;
    seconds = std::chrono::duration<double>(Clock::now() - start).count();
  } while (seconds < kLongEnough);
  at::set_num_threads(threads);
  return seconds / static_cast<double>(rounds * batch);
}

std::string duration_text(double seconds) {
  if (seconds < 90) return fmt::format("{:.0f} s", seconds);
  if (seconds < 5400) return fmt::format("{:.0f} min", seconds / 60);
  return fmt::format("{:.1f} h", seconds / 3600);
}

}  // namespace oubli
