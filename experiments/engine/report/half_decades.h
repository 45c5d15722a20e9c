// Eigenvalues in bins of half a decade, downwards from the largest on either side of 0.
#pragma once

#include <cstdint>

namespace oubli {

// Bin `count` holds the largest, bin 1 the least that has a bin of its own, -1 to -`count` the
// negative ones, and bin 0 everything nearer to 0.
class HalfDecades {
 public:
  // `largest`: of the absolute values, above 0.
  HalfDecades(double largest, int count);

  int count() const { return count_; }
  int bin_of(double value) const;
  // Lower end of a positive bin in absolute value, of count() + 1 the upper end of the last.
  double edge(int bin) const;

 private:
  double top_;  // base-10 logarithm of the lower end of the last bin
  int count_;
};

}  // namespace oubli
