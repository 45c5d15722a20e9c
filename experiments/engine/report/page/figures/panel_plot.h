// Courses in panels, one for each method, each above the original's and the oracles'.
#pragma once

#include "core/base/json.h"
#include "experiments/engine/report/page/evidence.h"
#include "experiments/engine/report/results.h"

namespace oubli {

Json panel_plot(const Results& results, const CourseSet& set);

}  // namespace oubli
