// The constants of a convex objective that certificates are made of, where they can be known: of a
// linear model f = W x (x with a 1 where there is a bias) on a set,
//
//   mu = l2                                  strong convexity of J
//   L  = a lambda_max(sum x x' / n) + l2     smoothness of J: no eigenvalue of its Hessian is above
//   G  = max_i s_i |x_i|                     longest gradient of an example's loss, without l2
//   M  = t max_i |x_i|^3                     Lipschitz constant of an example's loss's Hessian
//
//                    a    s_i                t
//   cross_entropy    1/2  sqrt(2)            sqrt(2) / (3 sqrt(3))
//   binary_logistic  1/4  1                  1 / (6 sqrt(3))
//   one_against_rest 1/4  sqrt(classes)      1 / (6 sqrt(3))
//   squared_error    1    R |x_i| + |y_i|    0
//
// all in Euclidean norms of all parameters. R is the radius of the ball |theta| <= R in which G
// holds, infinite without one: the squared error then has no G. a: diag(p) - p p' has row sums of
// at most 2 p (1 - p). t of cross-entropy: the third derivative along a unit vector u is the third
// central moment of u under p, largest at two atoms as far apart as u allows, sqrt(2). Derived
// here.
//
// L is that of the mean over the whole set; a part of it that leaves out m of n has at most
// n / (n - m) (L - l2) + l2. G and M are those of every part.
//
// Cost: X'X, d / outputs products for each example (d inputs with the bias), or as much as n / d of
// that where n < d; and an eigenvalue, (min(n, d))^3. 8 n d bytes.
#pragma once

#include <optional>
#include <string>

#include "core/nn/model.h"
#include "core/train/objective.h"

namespace oubli {

// a and t.
double largest_second_derivative(LossKind loss);
double largest_third_derivative(LossKind loss);

struct ConvexConstants {
  double strong_convexity = 0;   // mu
  double smoothness = 0;         // L
  double lipschitz = 0;          // G
  double hessian_lipschitz = 0;  // M
  double longest_input = 0;      // max |x_i|
  // No minimum of J over any part of the set lies outside this ball: J(0) bounds it. Infinite
  // without l2.
  double radius_of_minima = 0;

  // The longest step of gradient descent that contracts by 1 - step mu, also on parts of the set
  // of which J is smoother than `room` L.
  double contracting_step(double room = 1) const {
    return 2 / (room * smoothness + strong_convexity);
  }
};

struct KnownConstants {
  std::optional<ConvexConstants> constants;
  std::string unknown;  // why there are none, as a statement that fails: "the model is linear ..."
};

// Of J over `subset`. `radius`: of the ball in which G holds.
KnownConstants convex_constants(const Model& model, const Subset& subset,
                                const Objective& objective, double radius, CostMeter& cost);
// G in the ball of all minima.
KnownConstants convex_constants(const Model& model, const Subset& subset,
                                const Objective& objective, CostMeter& cost);

// Whether the network is the product of its one weight with its inputs, and a bias: held against
// that product at other parameters, drawn for it, on 16 examples of the set.
bool is_linear(const Model& model, const Subset& subset);

}  // namespace oubli
