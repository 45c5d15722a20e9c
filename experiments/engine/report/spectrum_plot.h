// A picture of an eigenvalue density, in text.
#pragma once

#include <string>

#include "core/solve/spectrum.h"

namespace oubli {

// One line for each half decade of eigenvalues, the negative ones first: the interval, about how
// many of `dim` eigenvalues lie in it, and a bar as long as the logarithm of that number.
// Everything nearer to 0 than a 1e5th of the largest stands in one line. Lines are at most
// `columns` wide.
std::string spectrum_plot(const SpectrumEstimate& spectrum, std::int64_t dim, std::size_t columns);

}  // namespace oubli
