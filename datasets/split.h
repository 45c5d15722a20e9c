// How the rows of a data set are divided into training, validation and test sets: the settings that
// every data source shares, and the draw itself.
//
// All draws come from Generator(split_seed).stream("split"), in this order: the test rows (where
// the source has no test files of its own), then the validation rows, then the training rows, as
// prefixes of one permutation. So `limit.train: 1000` keeps a subset of what `limit.train: 2000`
// keeps, in the source's mix of classes, and validation rows do not depend on the limit.
//
// `limit: {train: 1000, take: first}` keeps the first thousand rows that are not test files
// instead, for a model that was trained on just those; validation and test rows are then drawn
// behind them.
//
// Settings: test_fraction (sources without test files; 0 for no test set), validation_fraction (of
// what is not test; 0 where the source has validation rows of its own), split_seed, limit {train,
// test} (0 keeps all; take: random or first).
// Errors: Error(kSettings) at the limit where it asks for more rows than there are, and where the
// fractions leave no training row.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "core/base/settings.h"
#include "core/data/dataset.h"

namespace oubli {

// What is wrong with a share of test rows that would not be drawn.
std::string own_test_part(double test_fraction);

class SplitPlan {
 public:
  // For a source whose last rows are its test set.
  static SplitPlan with_test_files(const Settings& settings, double validation_fraction);
  // For a source whose test set is drawn.
  static SplitPlan with_test_draw(const Settings& settings, double test_fraction,
                                  double validation_fraction);

  // For a source whose files may have a test part: a share is drawn where they have none. To ask
  // for one that would not be drawn is an error.
  static SplitPlan with_test_draw_or_part(const Settings& settings, double test_fraction,
                                          double validation_fraction);

  // `test_rows` counts the rows at the end that are the source's own test set; it must be 0 for a
  // plan that draws one.
  Splits draw(std::int64_t rows, std::int64_t test_rows = 0) const;
  // The same over chosen rows, sorted: `rows` are those that may be trained on. Validation and test
  // rows that are given are taken as they are; Error(kSettings) where settings ask for a share of
  // validation rows beside them.
  Splits divide(const Tensor& rows, const std::optional<Tensor>& validation,
                const std::optional<Tensor>& test) const;

 private:
  explicit SplitPlan(const Settings& settings) : origin_(settings.origin()) {}
  void read_shared(const Settings& settings, double validation_fraction);

  Origin origin_;
  Origin test_fraction_origin_;
  Origin validation_fraction_origin_;
  Origin limit_train_origin_;
  Origin limit_test_origin_;
  double test_fraction_ = 0;
  double validation_fraction_ = 0;
  std::uint64_t seed_ = 0;
  std::int64_t limit_train_ = 0;
  std::int64_t limit_test_ = 0;
  bool take_first_ = false;
  bool asks_for_test_rows_ = false;  // where there may be a test part
};

}  // namespace oubli
