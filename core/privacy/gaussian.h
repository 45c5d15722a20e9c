// What Gaussian noise guarantees: epsilon and delta of a vector that is released with N(0, sigma^2
// I) added to it, where it could have been another one at a distance of at most S.
//
// With mu = S / sigma both releases are told apart as well as N(0, 1) and N(mu, 1) are (Dong, Roth,
// Su 2022: mu-GDP), and
//
//   delta(epsilon) = Phi(mu/2 - epsilon/mu) - e^epsilon Phi(-mu/2 - epsilon/mu)
//
// is the smallest delta there is (Balle and Wang 2018): an equality, for every epsilon. The
// constant sqrt(2 ln(1.25/delta)) of textbooks is proved for epsilon < 1 only, asks for 30 % more
// noise than is needed there, and for too little from epsilon = 8.4 on (delta = 1e-5).
//
// By Renyi divergence, for what is composed of parts: a divergence of order a of at most a rho, for
// all a > 1, gives
//
//   epsilon = min_a [ a rho + ln((a - 1)/a) - (ln delta + ln a)/(a - 1) ]
//
// (Canonne, Kamath, Steinke 2020; Balle et al. 2020). One Gaussian release has rho = mu^2 / 2, and
// this epsilon is then above the exact one.
//
// Errors: kUsage for a mu or rho below 0, a delta not inside (0, 1), an epsilon below 0, or one
// that is no number. Cost: O(1), a few dozen evaluations for the inverses.
#pragma once

namespace oubli {

double gaussian_delta(double mu, double epsilon);
// The smallest epsilon of a delta; 0 where delta(0) is no larger.
double gaussian_epsilon(double mu, double delta);
// The largest mu that gives (epsilon, delta), so that sigma = S / mu.
double gaussian_mu(double epsilon, double delta);

double renyi_epsilon(double rho, double delta);
// The largest rho that gives (epsilon, delta).
double renyi_rho(double epsilon, double delta);

}  // namespace oubli
