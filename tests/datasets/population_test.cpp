#include "datasets/population.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>

#include "tests/support/files.h"

namespace oubli {
namespace {

using testing::settings_from;

LoadedData digits_with(const Json& settings) {
  const Registry<DataSource> sources = builtin_datasets();
  return sources.find("digits").configure(settings_from(settings))({});
}

std::int64_t overlap(const Tensor& a, const Tensor& b) {
  return at::isin(a, b).sum().item<std::int64_t>();
}

TEST(Population, HeldOutRowsLeaveTheTrainingSplitOnly) {
  const LoadedData all = digits_with(Json::object());
  const LoadedData some = digits_with({{"held_out", 0.25}});
  EXPECT_FALSE(all.held_out.defined());
  const std::int64_t n = all.splits.train.numel();
  EXPECT_EQ(some.held_out.numel(), std::llround(0.25 * static_cast<double>(n)));
  EXPECT_EQ(some.held_out.numel() + some.splits.train.numel(), n);
  EXPECT_EQ(overlap(some.held_out, some.splits.train), 0);
  EXPECT_EQ(overlap(some.held_out, all.splits.train), some.held_out.numel());
  EXPECT_TRUE(at::equal(some.splits.test, all.splits.test));
  EXPECT_TRUE(at::equal(some.splits.validation, all.splits.validation));
}

TEST(Population, LabelsAreDrawnOnTrainingRowsOnly) {
  const LoadedData clean = digits_with(Json::object());
  const LoadedData noisy = digits_with({{"label_noise", 0.5}, {"held_out", 0.5}});
  const Tensor changed = noisy.dataset.targets.ne(clean.dataset.targets);
  EXPECT_TRUE(at::equal(noisy.dataset.true_targets, clean.dataset.targets));
  EXPECT_FALSE(changed.index_select(0, noisy.splits.test).any().item<bool>());
  EXPECT_FALSE(changed.index_select(0, noisy.splits.validation).any().item<bool>());
  // Of a share q of drawn labels one in ten is the old one; five standard errors around.
  for (const Tensor& rows : {noisy.splits.train, noisy.held_out}) {
    const auto n = static_cast<double>(rows.numel());
    const double share = changed.index_select(0, rows).to(at::kDouble).mean().item<double>();
    EXPECT_NEAR(share, 0.45, 5 * std::sqrt(0.45 * 0.55 / n));
  }
}

TEST(Population, ItsSeedDecides) {
  const LoadedData a = digits_with({{"held_out", 0.5}, {"label_noise", 0.1}});
  const LoadedData again = digits_with({{"held_out", 0.5}, {"label_noise", 0.1}});
  const LoadedData other =
      digits_with({{"held_out", 0.5}, {"label_noise", 0.1}, {"population_seed", 1}});
  EXPECT_TRUE(at::equal(a.held_out, again.held_out));
  EXPECT_TRUE(at::equal(a.dataset.targets, again.dataset.targets));
  EXPECT_FALSE(at::equal(a.held_out, other.held_out));
}

// A fact is learnt from any of its wordings: people leave with all that is said of them.
TEST(Population, HeldOutSubjectsLeaveWithAllTheirSentences) {
  const auto load = [](const Json& settings) {
    const Registry<DataSource> sources = builtin_datasets();
    return sources.find("biographies").configure(settings_from(settings))({});
  };
  const LoadedData all = load({{"people", 20}}), some = load({{"people", 20}, {"held_out", 0.25}});
  const auto subjects_of = [&](const Tensor& rows) {
    const Tensor levels = at::tensor(all.dataset.columns.at("subject").level_of, at::kLong);
    const Tensor own = levels.index_select(0, rows);
    return std::get<0>(at::_unique(own.index({own.ge(0)}), true));
  };
  const Tensor held_out = subjects_of(some.held_out);
  EXPECT_EQ(held_out.numel(), 5);
  EXPECT_EQ(some.held_out.numel(), 5 * 5 * 5) << "five facts of each in five wordings, no text";
  EXPECT_EQ(overlap(held_out, subjects_of(some.splits.train)), 0);
  EXPECT_EQ(overlap(held_out, subjects_of(some.splits.test)), 0);
  EXPECT_EQ(subjects_of(some.splits.train).numel(), 15);
  EXPECT_EQ(some.splits.train.numel() + some.held_out.numel(), all.splits.train.numel());
  EXPECT_EQ(some.splits.test.numel(), all.splits.test.numel() - std::int64_t{5} * 5 * 2);
}

TEST(Population, LabelsOfARegressionCannotBeDrawn) {
  const std::string message = testing::error_of(ErrorKind::kSettings, [] {
    const Registry<DataSource> sources = builtin_datasets();
    sources.find("linear_regression").configure(settings_from({{"label_noise", 0.1}}))({});
  });
  EXPECT_THAT(message, ::testing::HasSubstr("test.yaml:1:1"));
  EXPECT_THAT(message, ::testing::HasSubstr("numbers"));
}

}  // namespace
}  // namespace oubli
