// Parts of Vega's specifications (vega.github.io/vega/docs) that several figures are made of.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "core/base/json.h"

namespace oubli {

// Of one plot that fills the width it is given: no data, scales, axes or marks yet.
Json plot_spec(double height);

// A continuous axis that shows all of `values`, with a little room: logarithmic where all are
// positive and they span more than `log_from` times, and where not, linear.
struct AxisRange {
  double lower = 0, upper = 1;
  bool is_log = false;
};
AxisRange axis_range(const std::vector<double>& values, double log_from = 100);
// The same with intervals in it too, as far as these do not make the rest small: by half of the
// span on either side, or by a decade.
AxisRange widened(AxisRange range, const std::vector<std::pair<double, double>>& intervals);
Json scale_of(const std::string& name, const AxisRange& range, const Json& pixels);
// Numbers of a logarithmic axis: 0.01, and where it goes down far, 1e-6.
const char* decade_format(const AxisRange& range);
Json axis_of(const std::string& scale, const std::string& orient, const std::string& title,
             const AxisRange& range);

// A number as specifications hold it: to six digits, which no picture shows more of.
double six_digits(double value);

// {"field": name} and the like, for marks.
Json at_scale(const std::string& scale, const std::string& field);
Json constant(const Json& value);
// A value that goes by what stands in a field: {"signal": "..."} over cases, the last one for else.
Json by_field(const std::string& field, const std::vector<std::pair<std::string, Json>>& cases,
              const Json& otherwise);

}  // namespace oubli
