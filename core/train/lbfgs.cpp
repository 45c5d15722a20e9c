#include "core/train/lbfgs.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <cmath>
#include <deque>

namespace oubli {
namespace {

constexpr double kDecrease = 1e-4;
constexpr double kCurvature = 0.9;
constexpr int kMaxTrials = 40;

double inner_product(const Tensor& a, const Tensor& b) { return a.dot(b).item<double>(); }

struct Trial {
  double step = 0;
  double value = 0;
  double slope = 0;
  Tensor x, gradient;
};

// Minimiser of the cubic through two points with their slopes, kept inside the middle 80 % of the
// interval; the midpoint where the cubic has none.
double interpolate(const Trial& a, const Trial& b) {
  const double d1 = a.slope + b.slope - 3 * (a.value - b.value) / (a.step - b.step);
  const double discriminant = d1 * d1 - a.slope * b.slope;
  const double low = std::min(a.step, b.step);
  const double width = std::abs(a.step - b.step);
  double step = low + 0.5 * width;
  if (discriminant > 0) {
    const double d2 = std::copysign(std::sqrt(discriminant), b.step - a.step);
    const double cubic =
        b.step - (b.step - a.step) * (b.slope + d2 - d1) / (b.slope - a.slope + 2 * d2);
    if (std::isfinite(cubic)) step = cubic;
  }
  return std::clamp(step, low + 0.1 * width, low + 0.9 * width);
}

class LineSearch {
 public:
  LineSearch(const SmoothFunction& function, const Trial& start, const Tensor& direction,
             std::int64_t& evaluations)
      : function_(function), start_(start), direction_(direction), evaluations_(evaluations) {
    noise_ = 1e-14 * std::max(1.0, std::abs(start.value)) * 16;
  }

  // True, with the accepted point in `result`.
  bool run(double first_step, Trial& result) {
    Trial low = start_;
    double step = first_step;
    for (int trial = 0; trial < kMaxTrials; ++trial) {
      Trial current = evaluate(step);
      if (!std::isfinite(current.value) || !std::isfinite(current.slope)) {
        step = 0.5 * (low.step + step);
        continue;
      }
      if (accepts(current)) {
        result = current;
        return true;
      }
      const bool too_high =
          !decreases(current) || (trial > 0 && current.value >= low.value + noise_);
      if (too_high || current.slope >= 0) return zoom(low, current, result);
      low = current;
      step *= 2;
    }
    return false;
  }

 private:
  Trial evaluate(double step) {
    Trial trial;
    trial.step = step;
    trial.x = start_.x.add(direction_, step);
    trial.value = function_(trial.x, trial.gradient);
    trial.slope = inner_product(trial.gradient, direction_);
    ++evaluations_;
    return trial;
  }
  bool decreases(const Trial& t) const {
    return t.value <= start_.value + kDecrease * t.step * start_.slope + noise_;
  }
  bool accepts(const Trial& t) const {
    const bool flat = std::abs(t.slope) <= -kCurvature * start_.slope;
    const bool wolfe = t.value <= start_.value + kDecrease * t.step * start_.slope && flat;
    const bool approximate =
        t.value <= start_.value + noise_ && flat && (2 * kDecrease - 1) * start_.slope >= t.slope;
    return wolfe || approximate;
  }
  bool zoom(Trial low, Trial high, Trial& result) {
    for (int trial = 0; trial < kMaxTrials; ++trial) {
      Trial current = evaluate(interpolate(low, high));
      if (accepts(current)) {
        result = current;
        return true;
      }
      if (!decreases(current) || current.value > low.value + noise_) {
        high = current;
      } else {
        if (current.slope * (high.step - low.step) >= 0) high = low;
        low = current;
      }
      if (std::abs(high.step - low.step) <= 1e-16 * std::max(1.0, std::abs(low.step))) break;
    }
    result = low;
    return low.step > 0 && low.value < start_.value;
  }

  const SmoothFunction& function_;
  const Trial& start_;
  const Tensor& direction_;
  std::int64_t& evaluations_;
  double noise_;
};

struct Pair {
  Tensor s, y;
  double rho;
};

Tensor two_loop(const Tensor& gradient, const std::deque<Pair>& pairs) {
  Tensor q = gradient.neg();
  std::vector<double> alpha(pairs.size());
  for (std::size_t i = pairs.size(); i-- > 0;) {
    alpha[i] = pairs[i].rho * inner_product(pairs[i].s, q);
    q.sub_(pairs[i].y, alpha[i]);
  }
  if (!pairs.empty()) {
    const Pair& last = pairs.back();
    q.mul_(1.0 / (last.rho * inner_product(last.y, last.y)));
  }
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    q.add_(pairs[i].s, alpha[i] - pairs[i].rho * inner_product(pairs[i].y, q));
  }
  return q;
}

}  // namespace

LbfgsReport minimise_lbfgs(const SmoothFunction& function, Tensor& x, const LbfgsOptions& options,
                           const std::function<bool()>& stop) {
  LbfgsReport report;
  Trial current;
  current.x = x.clone();
  current.value = function(current.x, current.gradient);
  report.evaluations = 1;
  std::deque<Pair> pairs;
  const auto finish = [&](LbfgsStatus status, std::string message) {
    report.status = status;
    report.message = std::move(message);
    x.copy_(current.x);
    report.value = current.value;
    report.gradient_norm = current.gradient.norm().item<double>();
    return report;
  };
  while (true) {
    const double norm = current.gradient.norm().item<double>();
    if (!std::isfinite(current.value) || !std::isfinite(norm)) {
      return finish(LbfgsStatus::kNonFinite,
                    fmt::format("the objective is not finite at iteration {}", report.iterations));
    }
    if (norm <= options.tolerance) {
      return finish(LbfgsStatus::kConverged,
                    fmt::format("gradient norm {:.2e} <= {:.2e} after {} iterations", norm,
                                options.tolerance, report.iterations));
    }
    if (report.iterations >= options.max_iterations) {
      return finish(LbfgsStatus::kMaxIterations,
                    fmt::format("gradient norm {:.2e} > {:.2e} after all {} iterations; raise "
                                "max_iterations or the tolerance",
                                norm, options.tolerance, report.iterations));
    }
    if (stop()) return finish(LbfgsStatus::kStopped, "stopped from outside");
    Tensor direction = two_loop(current.gradient, pairs);
    current.slope = inner_product(direction, current.gradient);
    if (!(current.slope < 0)) {
      pairs.clear();
      direction = current.gradient.neg();
      current.slope = -norm * norm;
    }
    current.step = 0;
    Trial next;
    const double first = pairs.empty() ? std::min(1.0, 1.0 / norm) : 1.0;
    if (!LineSearch(function, current, direction, report.evaluations).run(first, next)) {
      if (!pairs.empty()) {  // the model of the curvature may be stale: once more from steepest
                             // descent
        pairs.clear();
        ++report.iterations;
        continue;
      }
      return finish(
          LbfgsStatus::kLineSearchFailed,
          fmt::format("no acceptable step at gradient norm {:.2e}; the tolerance {:.2e} is "
                      "likely below what this number type can reach",
                      norm, options.tolerance));
    }
    Pair pair{next.x - current.x, next.gradient - current.gradient, 0};
    const double curvature = inner_product(pair.s, pair.y);
    if (curvature > 1e-14 * inner_product(pair.y, pair.y)) {
      pair.rho = 1 / curvature;
      pairs.push_back(std::move(pair));
      if (static_cast<std::int64_t>(pairs.size()) > options.memory) pairs.pop_front();
    }
    current = std::move(next);
    ++report.iterations;
  }
}

}  // namespace oubli
