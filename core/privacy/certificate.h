// What a method guarantees, and what that rests on.
//
// A certificate speaks of the released parameters: for every set T of them, and with "retrained"
// the method's own comparator (which its card names),
//
//   P(released in T) <= e^epsilon P(retrained in T) + delta,  and the other way round.
//
// "released" is everything that was released since the rows were asked to be removed, all of it
// together, unless the certificate says that it covers each release by itself.
//
// It is an upper bound, under its assumptions. Each assumption says whether it was checked here,
// must be believed, or fails; where one fails there is no certificate, and the method refuses. It
// covers one run with settings that did not depend on the data: trials to choose them are not
// covered.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/base/json.h"

namespace oubli {

struct Assumption {
  enum class Status { kChecked, kAssumed, kFails };
  std::string text;
  Status status = Status::kAssumed;
};

struct Certificate {
  enum class Covers { kAllReleases, kEachRelease };
  double epsilon = 0;
  double delta = 0;
  std::string accountant;  // how epsilon and delta were found: "analytic Gaussian", ...
  double sensitivity = 0;  // S: how far the two vectors may lie apart before noise
  double sigma = 0;        // of the noise, on each parameter
  std::vector<Assumption> assumptions;
  // Of Gaussian differential privacy, where the accountant has one for all that is covered.
  std::optional<double> mu = {};
  Covers covers = Covers::kAllReleases;

  bool holds() const;  // no assumption fails
  // The assumptions that fail, as a sentence; "" where none does.
  std::string refusal() const;
  // {epsilon, delta, mu, covers, accountant, sensitivity, sigma, assumptions: [{text, status}]};
  // mu is null where there is none.
  Json to_json() const;
  // The assumptions alone: what is said where nothing is guaranteed.
  Json assumptions_json() const;
};

}  // namespace oubli
