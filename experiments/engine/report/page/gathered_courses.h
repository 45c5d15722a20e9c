// Courses that are gathered model by model, for the evidence of a page.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "experiments/engine/report/page/evidence.h"

namespace oubli {

// Values over places of each model of a row, by training seed.
using ModelCourses = std::map<std::int64_t, std::vector<std::vector<double>>>;

// What is gathered of one picture while models are read, row after row.
struct GatheredCourses {
  CourseSet set;
  std::vector<std::pair<std::string, ModelCourses>> rows = {};

  void add(const std::string& row, std::int64_t seed, std::vector<double> values);
  // With means over each training seed first: runs on one original are not independent.
  CourseSet finished() &&;
};

}  // namespace oubli
