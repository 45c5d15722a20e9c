#include "core/privacy/contraction.h"

#include <algorithm>
#include <cmath>

#include "core/base/error.h"

namespace oubli {
namespace {

double power(double c, std::int64_t steps) { return std::pow(c, static_cast<double>(steps)); }

double moved_by(const DescentPhase& phase, double apart, double c, double diameter) {
  const double moved = power(c, phase.steps) * apart + phase.shift * sum_of_powers(c, phase.steps);
  return std::min(diameter, moved);
}

void require_sense(const TwoDescents& descents) {
  bool makes_sense = descents.contraction >= 0 && descents.diameter >= 0;
  for (const DescentPhase& phase : descents.phases) {
    makes_sense = makes_sense && phase.steps >= 0 && phase.shift >= 0;
  }
  if (!makes_sense) {
    throw Error(ErrorKind::kUsage,
                "two descents: contraction, diameter, steps and shifts must be 0 or more");
  }
}

}  // namespace

double sum_of_powers(double c, std::int64_t steps) {
  const auto n = static_cast<double>(steps);
  if (c == 1) return n;
  return c > 0 ? std::expm1(n * std::log(c)) / (c - 1) : std::min(1.0, n);
}

std::int64_t TwoDescents::steps() const {
  std::int64_t all = 0;
  for (const DescentPhase& phase : phases) all += phase.steps;
  return all;
}

double TwoDescents::distance() const {
  require_sense(*this);
  double apart = 0;
  for (const DescentPhase& phase : phases) apart = moved_by(phase, apart, contraction, diameter);
  return apart;
}

double TwoDescents::sensitivity() const {
  require_sense(*this);
  if (contraction > 1) throw Error(ErrorKind::kUsage, "noise hides nothing where steps expand");
  std::vector<DescentPhase> falling = phases;
  for (std::size_t i = falling.size(); i-- > 1;) {
    falling[i - 1].shift = std::max(falling[i - 1].shift, falling[i].shift);
  }
  double least = std::numeric_limits<double>::infinity();
  double before = 0;  // how far apart where phase i begins
  std::int64_t left = steps();
  for (std::size_t i = 0; i < falling.size() && left > 0; ++i) {
    double apart = before;
    for (std::size_t k = i; k < falling.size(); ++k) {
      apart = power(contraction, falling[k].steps) * apart +
              falling[k].shift * sum_of_powers(contraction, falling[k].steps);
    }
    least = std::min(least, apart / std::sqrt(sum_of_powers(contraction * contraction, left)));
    before = moved_by(phases[i], before, contraction, diameter);
    left -= phases[i].steps;
  }
  return least;
}

}  // namespace oubli
