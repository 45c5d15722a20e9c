#include "experiments/engine/report/page/evidence.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "core/base/file.h"
#include "experiments/engine/report/page/page.h"
#include "tests/support/files.h"
#include "tests/support/small_run.h"

namespace oubli {
namespace {

PageSource small_source() {
  return load_page_source(testing::small_run().folder, builtin_metrics());
}

const CourseSet& course_set(const Evidence& evidence, const std::string& name) {
  const auto found = std::find_if(evidence.courses.begin(), evidence.courses.end(),
                                  [&](const CourseSet& set) { return set.name == name; });
  EXPECT_NE(found, evidence.courses.end()) << name;
  return *found;
}

TEST(Evidence, SharesOfLossesSumToOneInEveryRow) {
  const PageSource source = small_source();
  for (const char* name : {"loss/forget", "loss/test"}) {
    const CourseSet& set = course_set(source.evidence, name);
    EXPECT_EQ(set.rows.size(), source.results.rows.size());
    for (const auto& [row, course] : set.rows) {
      double sum = 0;
      for (const Estimate& value : course.values) sum += value.mean;
      EXPECT_NEAR(sum, 1, 1e-9) << row;
      EXPECT_TRUE(course.values.front().half_width.has_value());
    }
  }
}

// The column's own value lies between what the two ends of each bin would give.
TEST(Evidence, DistributionsAgreeWithTheMeansOfTheTable) {
  const PageSource source = small_source();
  const CourseSet& set = course_set(source.evidence, "loss/forget");
  const double ratio = std::sqrt(set.places[1] / set.places[0]);
  for (const auto& [row, course] : set.rows) {
    double least = 0, most = 0;
    for (std::size_t i = 0; i < set.places.size(); ++i) {
      least += course.values[i].mean * set.places[i] / ratio;
      most += course.values[i].mean * set.places[i] * ratio;
    }
    const double mean = source.results.find(row)->cell("loss/forget")->mean;
    EXPECT_GE(mean, least * (1 - 1e-9)) << row;
    EXPECT_LE(mean, most * (1 + 1e-9)) << row;
  }
}

// Its area, by steps, is that of the attack's column within the grid's coarseness; it never falls.
TEST(Evidence, AttackCurvesRiseToOne) {
  const PageSource source = small_source();
  const CourseSet& set = course_set(source.evidence, "attack/loss");
  EXPECT_NEAR(set.places.back(), 1, 1e-12);
  for (const auto& [row, course] : set.rows) {
    EXPECT_NEAR(course.values.back().mean, 1, 1e-12) << row;
    for (std::size_t i = 1; i < course.values.size(); ++i)
      EXPECT_GE(course.values[i].mean, course.values[i - 1].mean) << row;
  }
}

// The area under the steps of each model's curve is at most the attack's AUC, and not far below.
TEST(Evidence, AttackCurvesAgreeWithTheColumnsOfTheAttack) {
  const PageSource source = small_source();
  for (const auto& [curve, column] : {std::pair("attack/loss", "membership_auc/forget"),
                                      std::pair("attack/ulira", "ulira_auc")}) {
    const CourseSet& set = course_set(source.evidence, curve);
    for (const auto& [row, course] : set.rows) {
      double area = 0, steps = 0;
      for (std::size_t i = 1; i < set.places.size(); ++i) {
        area += course.values[i - 1].mean * (set.places[i] - set.places[i - 1]);
        steps = std::max(steps, set.places[i] - set.places[i - 1]);
      }
      const double auc = source.results.find(row)->cell(column)->mean;
      EXPECT_LE(area, auc + 0.01) << curve << " " << row;
      EXPECT_GE(area, auc - 0.2) << curve << " " << row;
    }
  }
}

TEST(Evidence, RelearningBeginsWhereTheModelStands) {
  const PageSource source = small_source();
  const CourseSet& loss = course_set(source.evidence, "relearning/loss");
  EXPECT_EQ(loss.places.front(), 0);
  for (const auto& [row, course] : loss.rows) {
    EXPECT_NEAR(course.values.front().mean, source.results.find(row)->cell("loss/forget")->mean,
                1e-6)
        << row;
  }
}

TEST(Evidence, ShowsTheExamplesThatTheOriginalKnowsBest) {
  const Evidence evidence = small_source().evidence;
  ASSERT_EQ(evidence.examples.size(), 12);
  double last = 1;
  for (const ShownExample& example : evidence.examples) {
    EXPECT_NE(example.label, example.true_label) << "all of the forget set are mislabelled";
    EXPECT_EQ(example.picture.substr(0, 11), "iVBORw0KGgo") << "a PNG's first bytes";
    double original = 0, oracles = 0;
    for (const auto& [row, estimate] : example.rows) {
      EXPECT_GE(estimate.mean, 0);
      EXPECT_LE(estimate.mean, 1);
      if (row == kOriginalRow) original = estimate.mean;
      if (row == kNoiseFloor) oracles = estimate.mean;
    }
    EXPECT_LE(std::abs(original - oracles), last + 1e-12);
    last = std::abs(original - oracles);
  }
}

TEST(Evidence, IsReadAsItWasWritten) {
  const Evidence evidence = small_source().evidence;
  const Json json = evidence.to_json();
  EXPECT_EQ(Evidence::from_json(json, "here").to_json(), json);
  for (const char* key : {"courses", "examples", "shown_value"}) {
    Json damaged = json;
    damaged.erase(key);
    const std::string message =
        testing::error_of(ErrorKind::kData, [&] { Evidence::from_json(damaged, "here.json"); });
    EXPECT_NE(message.find("here.json"), std::string::npos) << key;
  }
}

}  // namespace
}  // namespace oubli
