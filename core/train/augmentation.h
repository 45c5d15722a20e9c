// Random changes of training images; evaluation never augments.
#pragma once

#include <cstdint>

#include "core/base/random.h"
#include "core/base/settings.h"

namespace oubli {

struct Augmentation {
  std::int64_t crop = 0;  // pixels of zero padding, then a random crop of the original size
  bool flip = false;      // left to right with probability 1/2

  bool any() const { return crop > 0 || flip; }
  static Augmentation read(const Settings& parent);  // `augment: {crop: 4, flip: true}`
};

// Returns augmented images [b, c, h, w]; each example draws its own offset and flip.
Tensor augment(const Tensor& images, const Augmentation& augmentation, Generator& generator);

}  // namespace oubli
