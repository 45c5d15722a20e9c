// The selector `noisy`: training examples whose inputs are measured badly, with their right labels.
//
//   noisy: {fraction: 0.1, deviation: 2}
//
//   x' = x + deviation * s * e,   e ~ N(0, I),
//
// s the standard deviation of each feature over the training rows, of pictures one of all pixels:
// 1 is noise as large as what the feature itself varies by. Pixels that are bytes are rounded, and
// stay between black and white. Noise comes from the stream "noise".
#include <ATen/ATen.h>

#include <cmath>

#include "datasets/selectors/amount.h"

namespace oubli {
namespace {

// [features] or a number.
Tensor scatter_of(const Dataset& dataset, const Tensor& train) {
  const Tensor inputs = dataset.inputs.index_select(0, train);
  if (!dataset.is_image()) return inputs.to(at::kDouble).std({0}, /*unbiased=*/false);
  return inputs.to(at::kDouble).std(/*unbiased=*/false);
}

Tensor with_noise(const Dataset& dataset, const Tensor& rows, const Tensor& scatter,
                  double deviation, Generator generator) {
  const Tensor clean = dataset.inputs.index_select(0, rows);
  const Tensor noise = generator.normal(clean.sizes().vec(), at::kDouble);
  const Tensor noisy = clean.to(at::kDouble) + deviation * scatter * noise;
  if (clean.scalar_type() != at::kByte) return noisy.to(clean.scalar_type());
  return noisy.round().clamp(0, std::round(1 / dataset.scale)).to(at::kByte);
}

}  // namespace

Choose read_noisy(const Settings& settings) {
  const Settings map =
      settings.child("noisy", "a drawn part, trained on with Gaussian noise on the inputs");
  const Amount amount = read_amount(map);
  const double deviation = map.real(
      "deviation",
      {.default_value = 1, .above = 0, .doc = "of the noise, in units of the inputs' own"});
  return [=](const Dataset& dataset, const Splits& splits, const Generator& generator) {
    Selection selection{drawn(splits.train, amount, generator)};
    selection.wrong_inputs = with_noise(dataset, selection.rows, scatter_of(dataset, splits.train),
                                        deviation, generator.stream("noise"));
    return selection;
  };
}

}  // namespace oubli
