// Courses in panels, one for each method, each above the original's and the oracles'.
#pragma once

#include <string>

#include "core/base/json.h"
#include "experiments/engine/report/page/evidence.h"
#include "experiments/engine/report/results.h"

namespace oubli {

// What the lines of every panel are.
inline const std::string kPanelKey =
    "Solid blue: the method named above the panel; dashed orange: the original; dotted green: the "
    "oracles. Shaded: 95 % intervals of the means, cut off at the frame.";

Json panel_plot(const Results& results, const CourseSet& set);

}  // namespace oubli
