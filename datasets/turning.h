// Data that drifts: examples turned by an angle that grows with time, and a column `time` that says
// when each was seen, for selectors (`where`) and sets of metrics.
//
//   period of an example t in 0, 1, ..., P - 1,   angle a_t = degrees * t / (P - 1)
//
// Images turn about their centre, counterclockwise as they are looked at: bilinear, zero outside.
// Flat inputs turn in the planes of features 1 and 2, 3 and 4, ... (an odd last one stays):
//   (x_1, x_2)  ->  (x_1 cos a - x_2 sin a, x_1 sin a + x_2 cos a).
// Of a Gaussian cloud with covariance I that is the cloud whose mean is turned: the rotating
// Gaussians of the literature on drift. Labels stay.
//
// Settings: turned {degrees, periods, seed}. Periods are as large as each other, over all rows, in
// an order drawn from Generator(seed): the first of them holds the examples as they are.
#pragma once

#include "datasets/source.h"

namespace oubli {

// The same source with `turned` beside its settings; without that key it is what it was.
DataSource with_turning(DataSource source);

}  // namespace oubli
