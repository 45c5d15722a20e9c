// The normalisation that image data sets share: pixels of 0 to 255, scaled to 0 to 1, less a mean,
// over a deviation, by channel.
//
// Settings: normalise {mean: [...], deviation: [...]}, one value for all channels or one for each.
#pragma once

#include <cstdint>
#include <vector>

#include "core/base/settings.h"
#include "core/data/dataset.h"

namespace oubli {

struct Normalisation {
  std::vector<double> mean;
  std::vector<double> deviation;

  void apply_to(Dataset& dataset) const;  // sets scale to 1/255, mean and deviation
};

// `standard` is used for what the settings leave out. Throws Error(kSettings) where a list has
// neither one value nor `channels` of them.
Normalisation read_normalisation(const Settings& settings, const Normalisation& default_value,
                                 std::int64_t channels);

}  // namespace oubli
