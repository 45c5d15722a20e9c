#include "datasets/normalisation.h"

#include <fmt/format.h>

namespace oubli {

void Normalisation::apply_to(Dataset& dataset) const {
  dataset.scale = 1.0 / 255.0;
  dataset.mean = mean;
  dataset.deviation = deviation;
}

Normalisation read_normalisation(const Settings& settings, const Normalisation& default_value,
                                 std::int64_t channels) {
  const Settings map = settings.child("normalise", "what pixels, scaled to 0 to 1, are shifted by");
  Normalisation chosen;
  chosen.mean = map.reals("mean", default_value.mean, {.doc = "mean, one value or one a channel"});
  chosen.deviation = map.reals("deviation", default_value.deviation,
                               {.above = 0, .doc = "deviation, one value or one a channel"});
  const auto check = [&](const char* key, std::size_t count) {
    if (count != 1 && count != static_cast<std::size_t>(channels)) {
      map.fail(key, fmt::format("'{}' must hold one value or {} (one a channel), found {}.", key,
                                channels, count));
    }
  };
  check("mean", chosen.mean.size());
  check("deviation", chosen.deviation.size());
  // One value stands for all channels; a data set keeps lists of equal length.
  const std::size_t length = std::max(chosen.mean.size(), chosen.deviation.size());
  if (chosen.mean.size() < length) chosen.mean.assign(length, chosen.mean.front());
  if (chosen.deviation.size() < length) chosen.deviation.assign(length, chosen.deviation.front());
  return chosen;
}

}  // namespace oubli
