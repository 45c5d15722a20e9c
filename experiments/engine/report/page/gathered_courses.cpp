#include "experiments/engine/report/page/gathered_courses.h"

#include <algorithm>
#include <cmath>

namespace oubli {
namespace {

Course course_of(const ModelCourses& courses, std::size_t places) {
  Course course;
  for (std::size_t p = 0; p < places; ++p) {
    std::vector<double> seeds;
    for (const auto& [seed, models] : courses) {
      double sum = 0;
      for (const std::vector<double>& model : models) sum += p < model.size() ? model[p] : NAN;
      seeds.push_back(sum / static_cast<double>(models.size()));
    }
    const bool finite =
        std::all_of(seeds.begin(), seeds.end(), [](double value) { return std::isfinite(value); });
    course.values.push_back(finite && !seeds.empty() ? estimate_mean(seeds) : Estimate{NAN, {}, 0});
  }
  return course;
}

}  // namespace

void GatheredCourses::add(const std::string& row, std::int64_t seed, std::vector<double> values) {
  if (rows.empty() || rows.back().first != row) rows.push_back({row, {}});
  rows.back().second[seed].push_back(std::move(values));
}

CourseSet GatheredCourses::finished() && {
  for (const auto& [row, courses] : rows) {
    set.rows.emplace_back(row, course_of(courses, set.places.size()));
  }
  return std::move(set);
}

}  // namespace oubli
