#include "datasets/turning.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>

#include <cmath>
#include <numbers>

#include "tests/support/files.h"

namespace oubli {
namespace {

using ::testing::HasSubstr;
using testing::settings_from;

LoadedData loaded(const std::string& source, const Json& settings) {
  const Settings read = settings_from(settings);
  const auto load = builtin_datasets().find(source).configure(read);
  read.finish();
  return load({});
}

std::vector<double> times(const LoadedData& data) {
  return data.dataset.columns.at("time").numbers;
}

Tensor rows_at(const LoadedData& data, double time) {
  std::vector<std::int64_t> rows;
  const std::vector<double> all = times(data);
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (all[i] == time) rows.push_back(static_cast<std::int64_t>(i));
  }
  return at::tensor(rows, at::kLong);
}

TEST(Turning, AQuarterTurnOfImagesMovesEveryPixelExactly) {
  const LoadedData plain = loaded("digits", Json::object());
  const auto after = [&](double degrees, std::int64_t quarters) {
    const LoadedData turned =
        loaded("digits", {{"turned", {{"degrees", degrees}, {"periods", 2}}}});
    const Tensor first = rows_at(turned, 0), last = rows_at(turned, 1);
    EXPECT_EQ(first.numel(), 898);
    EXPECT_EQ(last.numel(), 899);
    const auto pixels = [](const LoadedData& data, const Tensor& rows) {
      return data.dataset.inputs.index_select(0, rows);
    };
    EXPECT_TRUE(pixels(turned, first).equal(pixels(plain, first)));
    EXPECT_TRUE(pixels(turned, last).equal(at::rot90(pixels(plain, last), quarters, {2, 3})))
        << degrees;
    EXPECT_TRUE(turned.dataset.targets.equal(plain.dataset.targets));
    EXPECT_TRUE(turned.splits.test.equal(plain.splits.test));
  };
  after(90, 1);  // counterclockwise
  after(-90, -1);
  after(180, 2);
  after(720, 0);
}

// What is in the middle stays there, whatever the angle; what a turn takes out of the picture is
// black.
TEST(Turning, ByAnyAngleThePictureStaysInItsPlace) {
  const LoadedData plain = loaded("digits", Json::object()),
                   turned = loaded("digits", {{"turned", {{"degrees", 40}, {"periods", 5}}}});
  const auto centre = [](const Tensor& images) {
    const Tensor mass = images.to(at::kDouble).sum({0, 1});
    const Tensor at = at::arange(8, at::kDouble) - 3.5;
    return std::pair((mass.sum(1) * at).sum().item<double>() / mass.sum().item<double>(),
                     (mass.sum(0) * at).sum().item<double>() / mass.sum().item<double>());
  };
  for (const double time : {1.0, 2.0, 3.0, 4.0}) {
    const Tensor rows = rows_at(turned, time);
    const Tensor before = plain.dataset.inputs.index_select(0, rows),
                 after = turned.dataset.inputs.index_select(0, rows);
    // Where row numbers grow downwards a turn to the left is one to the right of (row, column).
    const double a = 10 * time * std::numbers::pi / 180;
    const auto [y, x] = centre(before);
    const auto [turned_y, turned_x] = centre(after);
    EXPECT_NEAR(turned_x, std::cos(a) * x + std::sin(a) * y, 0.05) << time;
    EXPECT_NEAR(turned_y, -std::sin(a) * x + std::cos(a) * y, 0.05) << time;
    const double mass = before.to(at::kDouble).sum().item<double>();
    EXPECT_NEAR(after.to(at::kDouble).sum().item<double>() / mass, 1, 0.05) << time;
    EXPECT_LE(after.max().item<int>(), 16);
  }
}

// Covariance I is that of a cloud whose mean is turned.
TEST(Turning, OfGaussianCloudsTurnsTheirMeans) {
  const Json shape = {{"classes", 2}, {"features", 5}, {"examples", 60000}, {"separation", 4.0}};
  Json drifting = shape;
  drifting["turned"] = {{"degrees", 120}, {"periods", 4}};
  const LoadedData plain = loaded("gaussian_classes", shape),
                   turned = loaded("gaussian_classes", drifting);
  for (std::int64_t label = 0; label < 2; ++label) {
    const auto cloud = [&](const LoadedData& data, const Tensor& rows) {
      const Tensor of_label = rows.index({data.dataset.targets.index_select(0, rows).eq(label)});
      return data.dataset.inputs.index_select(0, of_label).to(at::kDouble);
    };
    const Tensor mean = cloud(plain, at::arange(plain.dataset.size())).mean(0);
    for (const double time : {0.0, 1.0, 2.0, 3.0}) {
      const double a = 40 * time * std::numbers::pi / 180, c = std::cos(a), s = std::sin(a);
      const auto at = [&](std::int64_t i) { return mean[i].item<double>(); };
      const Tensor expected = at::tensor({c * at(0) - s * at(1), s * at(0) + c * at(1),
                                          c * at(2) - s * at(3), s * at(2) + c * at(3), at(4)},
                                         at::kDouble);
      const Tensor examples = cloud(turned, rows_at(turned, time));
      const double tolerance = 5 / std::sqrt(static_cast<double>(examples.size(0)));
      const Tensor off = (examples.mean(0) - expected).abs();
      EXPECT_LT(off.max().item<double>(), tolerance) << label << " at " << time;
      const Tensor around = examples - examples.mean(0);
      const Tensor covariance = around.t().mm(around) / static_cast<double>(examples.size(0) - 1);
      EXPECT_LT((covariance - at::eye(5, at::kDouble)).abs().max().item<double>(), 2 * tolerance);
    }
  }
}

TEST(Turning, PeriodsAreOfOneSizeAndDrawnByTheirSeed) {
  const auto drawn = [](std::int64_t seed) {
    return times(loaded("digits", {{"turned", {{"degrees", 10}, {"periods", 7}, {"seed", seed}}}}));
  };
  const std::vector<double> all = drawn(0);
  for (int period = 0; period < 7; ++period) {
    const auto count = std::count(all.begin(), all.end(), period);
    EXPECT_NEAR(static_cast<double>(count), 1797 / 7.0, 1);
  }
  EXPECT_EQ(all, drawn(0));
  EXPECT_NE(all, drawn(1));
}

TEST(Turning, WithoutItNothingIsSaidOfTime) {
  EXPECT_TRUE(loaded("digits", Json::object()).dataset.columns.empty());
  const auto error = [](const Json& turned) {
    return testing::error_of(ErrorKind::kSettings, [&] { loaded("digits", {{"turned", turned}}); });
  };
  EXPECT_THAT(error({{"periods", 3}}), HasSubstr("degrees"));
  EXPECT_THAT(error({{"degrees", 30}, {"periods", 1}}), HasSubstr("periods"));
}

}  // namespace
}  // namespace oubli
