#include "core/train/augmentation.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

namespace oubli {
namespace {

TEST(Augmentation, KeepsShapeAndDrawsFromItsGenerator) {
  Generator pixels(0), one(1), again(1);
  const Tensor images = pixels.normal({6, 3, 8, 8}, at::kDouble);
  const Augmentation augmentation{2, true};
  const Tensor a = augment(images, augmentation, one);
  EXPECT_EQ(a.sizes(), images.sizes());
  EXPECT_TRUE(a.equal(augment(images, augmentation, again)));
  EXPECT_FALSE(a.equal(augment(images, augmentation, one)));
  // The centre survives every crop of two pixels, mirrored or not.
  const Tensor flip_only = augment(images, {0, true}, one);
  for (std::int64_t b = 0; b < 6; ++b) {
    EXPECT_TRUE(flip_only[b].equal(images[b]) || flip_only[b].equal(images[b].flip({2})));
  }
}

}  // namespace
}  // namespace oubli
