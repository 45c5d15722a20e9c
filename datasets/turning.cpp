#include "datasets/turning.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <cmath>
#include <numbers>
#include <optional>
#include <utility>

#include "core/base/random.h"

namespace oubli {
namespace {

constexpr const char* kColumn = "time";

struct Turning {
  double degrees = 0;
  std::int64_t periods = 0;
  std::uint64_t seed = 0;

  // In radians.
  double angle(std::int64_t period) const {
    return degrees * std::numbers::pi / 180 * static_cast<double>(period) /
           static_cast<double>(periods - 1);
  }
};

std::optional<Turning> read_turning(const Settings& settings) {
  if (!settings.has("turned") && !settings.is_describing()) return std::nullopt;
  const Settings map = settings.child(
      "turned", "examples turn with time, which a column `time` says; not at all without");
  Turning turning;
  turning.degrees = map.real("degrees", {.at_least = -36000,
                                         .at_most = 36000,
                                         .doc = "by how far in the last period, counterclockwise"});
  turning.periods = map.integer(
      "periods", {.default_value = 10, .at_least = 2, .doc = "times 0, 1, ..., periods - 1"});
  turning.seed = static_cast<std::uint64_t>(
      map.integer("seed", {.default_value = 0,
                           .at_least = 0,
                           .at_most = kLargestSeed,
                           .doc = "of the draw of each example's time"}));
  return turning;
}

// Images [n, channels, height, width] as float64. The grid says where each pixel comes from, in
// units of half the image's sides.
Tensor turned_images(const Tensor& images, double angle) {
  const double ratio = static_cast<double>(images.size(2)) / static_cast<double>(images.size(3));
  const double c = std::cos(angle), s = std::sin(angle);
  const Tensor back = at::tensor({c, -s * ratio, 0.0, s / ratio, c, 0.0}, at::kDouble)
                          .view({1, 2, 3})
                          .expand({images.size(0), 2, 3});
  const Tensor grid = at::affine_grid_generator(back, images.sizes(), /*align_corners=*/false);
  constexpr int kBilinear = 0, kZeros = 0;
  return at::grid_sampler(images, grid, kBilinear, kZeros, /*align_corners=*/false);
}

// Flat inputs [n, features] as float64.
Tensor turned_features(const Tensor& inputs, double angle) {
  const std::int64_t pairs = inputs.size(1) / 2;
  Tensor turned = inputs.clone();
  const Tensor planes = inputs.narrow(1, 0, 2 * pairs).reshape({-1, pairs, 2});
  const Tensor x = planes.select(2, 0), y = planes.select(2, 1);
  const double c = std::cos(angle), s = std::sin(angle);
  turned.narrow(1, 0, 2 * pairs)
      .copy_(at::stack({c * x - s * y, s * x + c * y}, 2).reshape({-1, 2 * pairs}));
  return turned;
}

// Bytes stay bytes.
Tensor in_type_of(const Tensor& like, const Tensor& values) {
  if (like.scalar_type() != at::kByte) return values.to(like.scalar_type());
  return values.round().clamp(0, 255).to(at::kByte);
}

void turn(const Turning& turning, LoadedData& data) {
  Dataset& dataset = data.dataset;
  const std::int64_t rows = dataset.size();
  Generator generator = Generator(turning.seed).stream("time");
  const Tensor order = generator.permutation(rows);
  RowColumn time;
  time.numbers.resize(static_cast<std::size_t>(rows));
  Tensor inputs = dataset.inputs.clone();
  // In pieces: a float64 copy of all images need not fit into memory.
  constexpr std::int64_t kAtOnce = 1024;
  for (std::int64_t period = 0; period < turning.periods; ++period) {
    const std::int64_t begin = period * rows / turning.periods,
                       end = (period + 1) * rows / turning.periods;
    for (std::int64_t at = begin; at < end; at += kAtOnce) {
      const Tensor chosen = order.narrow(0, at, std::min(kAtOnce, end - at));
      const auto* row = chosen.const_data_ptr<std::int64_t>();
      for (std::int64_t i = 0; i < chosen.numel(); ++i) {
        time.numbers[static_cast<std::size_t>(row[i])] = static_cast<double>(period);
      }
      if (period == 0) continue;
      const Tensor before = dataset.inputs.index_select(0, chosen).to(at::kDouble);
      const Tensor after = dataset.is_image() ? turned_images(before, turning.angle(period))
                                              : turned_features(before, turning.angle(period));
      inputs.index_copy_(0, chosen, in_type_of(inputs, after));
    }
  }
  dataset.inputs = inputs;
  dataset.columns[kColumn] = std::move(time);
}

}  // namespace

DataSource with_turning(DataSource source) {
  source.configure = [configure = std::move(source.configure)](const Settings& settings) {
    const auto load = configure(settings);
    const std::optional<Turning> turning = read_turning(settings);
    return [load, turning](const DataFolders& folders) {
      LoadedData data = load(folders);
      if (turning) turn(*turning, data);
      return data;
    };
  };
  return source;
}

}  // namespace oubli
