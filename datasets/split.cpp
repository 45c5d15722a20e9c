#include "datasets/split.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include "core/base/random.h"
#include "datasets/draw.h"

namespace oubli {
namespace {

Tensor first_rows(const Tensor& drawn, std::int64_t limit, const std::string& name,
                  const Origin& origin) {
  if (limit == 0) return sorted_rows(drawn);
  if (limit > drawn.numel()) {
    fail_at(origin, fmt::format("'limit.{}' is {}, but the {} set has only {} examples. Lower it, "
                                "or leave it out to keep all.",
                                name, limit, name, drawn.numel()));
  }
  return sorted_rows(drawn.narrow(0, 0, limit));
}

}  // namespace

std::string own_test_part(double test_fraction) {
  return fmt::format(
      "'test_fraction' is {:g}, but the data has its own test part: leave it out, "
      "or write 0.",
      test_fraction);
}

SplitPlan SplitPlan::with_test_files(const Settings& settings, double validation_fraction) {
  SplitPlan plan(settings);
  plan.read_shared(settings, validation_fraction);
  return plan;
}

SplitPlan SplitPlan::with_test_draw(const Settings& settings, double test_fraction,
                                    double validation_fraction) {
  SplitPlan plan(settings);
  plan.test_fraction_ = settings.real("test_fraction", {.default_value = test_fraction,
                                                        .at_least = 0,
                                                        .below = 1,
                                                        .doc = "share of all rows kept for test"});
  plan.read_shared(settings, validation_fraction);
  return plan;
}

SplitPlan SplitPlan::with_test_draw_or_part(const Settings& settings, double test_fraction,
                                            double validation_fraction) {
  SplitPlan plan(settings);
  const std::optional<double> asked =
      settings.real_or("test_fraction", "auto",
                       {.at_least = 0,
                        .below = 1,
                        .doc = fmt::format("share of all rows kept for test, where there is no "
                                           "test part; auto: {}",
                                           test_fraction)});
  plan.test_fraction_ = asked.value_or(test_fraction);
  plan.asks_for_test_rows_ = asked.value_or(0) > 0;
  plan.test_fraction_origin_ = settings.origin("test_fraction");
  plan.read_shared(settings, validation_fraction);
  return plan;
}

void SplitPlan::read_shared(const Settings& settings, double validation_fraction) {
  validation_fraction_ = settings.real(
      "validation_fraction", {.default_value = validation_fraction,
                              .at_least = 0,
                              .below = 1,
                              .doc = "share of the rows that are not test kept for validation"});
  validation_fraction_origin_ = settings.origin("validation_fraction");
  seed_ = static_cast<std::uint64_t>(
      settings.integer("split_seed", {.default_value = 0,
                                      .at_least = 0,
                                      .at_most = kLargestSeed,
                                      .doc = "seed of the draw of the splits"}));
  const Settings limit = settings.child("limit", "sizes to shrink the splits to");
  limit_train_ = limit.integer(
      "train", {.default_value = 0, .at_least = 0, .doc = "training examples kept; 0 keeps all"});
  limit_test_ = limit.integer(
      "test", {.default_value = 0, .at_least = 0, .doc = "test examples kept; 0 keeps all"});
  take_first_ =
      limit.choice("take", {.default_value = "random",
                            .valid = {"random", "first"},
                            .doc = "which rows are kept; first: those that stand first, "
                                   "with validation and test rows drawn behind them"}) == "first";
  limit_train_origin_ = limit.origin("train");
  limit_test_origin_ = limit.origin("test");
}

Splits SplitPlan::draw(std::int64_t rows, std::int64_t test_rows) const {
  const std::int64_t others = rows - test_rows;
  const bool is_drawn = test_fraction_ > 0;
  return divide(at::arange(others), std::nullopt,
                is_drawn ? std::nullopt : std::optional(at::arange(others, rows)));
}

Splits SplitPlan::divide(const Tensor& rows, const std::optional<Tensor>& validation,
                         const std::optional<Tensor>& test) const {
  if (validation && validation_fraction_ > 0) {
    fail_at(validation_fraction_origin_,
            fmt::format("'validation_fraction' is {:g}, but the data have {} validation rows of "
                        "their own: leave it out, or write 0.",
                        validation_fraction_, validation->numel()));
  }
  if (test && asks_for_test_rows_) fail_at(test_fraction_origin_, own_test_part(test_fraction_));
  Generator generator = Generator(seed_).stream("split");
  const bool is_first = take_first_ && limit_train_ > 0;
  const std::int64_t ahead = is_first ? std::min(limit_train_, rows.numel()) : 0;
  const Tensor others = rows.narrow(0, ahead, rows.numel() - ahead);
  const std::int64_t count = others.numel();
  const Tensor drawn = others.index_select(0, generator.permutation(count));
  std::int64_t drawn_test = 0;
  if (!test && test_fraction_ > 0 && count > 0) {
    drawn_test = std::min(count, std::max<std::int64_t>(1, share_of(test_fraction_, count)));
  }
  const std::int64_t drawn_validation =
      validation ? 0 : share_of(validation_fraction_, count - drawn_test);
  const std::int64_t train = count - drawn_test - drawn_validation;
  if (ahead + train <= 0) {
    const std::int64_t all = rows.numel() + (test ? test->numel() : 0);
    fail_at(origin_, fmt::format("the splits leave no training example of {} rows: {} for test and "
                                 "{} for validation. Lower the fractions.",
                                 all, drawn_test + (test ? test->numel() : 0), drawn_validation));
  }
  Splits splits;
  splits.validation =
      validation ? *validation : sorted_rows(drawn.narrow(0, drawn_test, drawn_validation));
  Tensor test_rows = drawn.narrow(0, 0, drawn_test);
  if (test) {
    test_rows = take_first_ ? *test : test->index_select(0, generator.permutation(test->numel()));
  }
  splits.test = first_rows(test_rows, limit_test_, "test", limit_test_origin_);
  splits.train = first_rows(is_first ? rows : drawn.narrow(0, drawn_test + drawn_validation, train),
                            limit_train_, "train", limit_train_origin_);
  return splits;
}

}  // namespace oubli
