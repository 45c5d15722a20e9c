#include "core/train/augmentation.h"

#include <ATen/ATen.h>

namespace oubli {

Augmentation Augmentation::read(const Settings& parent) {
  const Settings settings = parent.child("augment", "random changes of training images");
  return {settings.integer("crop", {.default_value = 0,
                                    .at_least = 0,
                                    .at_most = 1024,
                                    .doc = "pixels of zero padding before a random crop"}),
          settings.flag("flip", {.default_value = false, .doc = "mirror with probability 1/2"})};
}

Tensor augment(const Tensor& images, const Augmentation& augmentation, Generator& generator) {
  const std::int64_t b = images.size(0), c = images.size(1), h = images.size(2), w = images.size(3);
  Tensor result = images;
  if (augmentation.flip) {
    const Tensor flipped = generator.integers(0, 2, {b, 1, 1, 1}).to(at::kBool);
    result = at::where(flipped, result.flip({3}), result);
  }
  if (augmentation.crop > 0) {
    const std::int64_t pad = augmentation.crop;
    const Tensor padded = at::constant_pad_nd(result, {pad, pad, pad, pad});
    const Tensor top = generator.integers(0, 2 * pad + 1, {b, 1}) + at::arange(h);   // [b, h]
    const Tensor left = generator.integers(0, 2 * pad + 1, {b, 1}) + at::arange(w);  // [b, w]
    const Tensor examples = at::arange(b);
    result = padded.index({examples.view({b, 1, 1, 1}), at::arange(c).view({1, c, 1, 1}),
                           top.view({b, 1, h, 1}), left.view({b, 1, 1, w})});
  }
  return result;
}

}  // namespace oubli
