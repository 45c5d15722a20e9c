#include "core/evaluate/statistics/estimate.h"

#include <algorithm>
#include <boost/math/distributions/students_t.hpp>
#include <cmath>
#include <numeric>

#include "core/base/error.h"

namespace oubli {

Estimate estimate_mean(const std::vector<double>& values) {
  if (values.empty()) throw Error(ErrorKind::kUsage, "the mean of no values is not defined");
  const double n = static_cast<double>(values.size());
  Estimate estimate;
  estimate.n = values.size();
  estimate.mean = std::accumulate(values.begin(), values.end(), 0.0) / n;
  if (values.size() < 2) return estimate;
  double squares = 0;
  for (const double value : values) squares += (value - estimate.mean) * (value - estimate.mean);
  const boost::math::students_t distribution(n - 1);
  estimate.half_width =
      boost::math::quantile(distribution, 0.975) * std::sqrt(squares / (n - 1) / n);
  return estimate;
}

Json to_json(const Estimate& estimate) {
  Json json = {
      {"mean", number_or_null(estimate.mean)},
      {"half_width_95", estimate.half_width ? number_or_null(*estimate.half_width) : Json(nullptr)},
      {"n", estimate.n}};
  if (estimate.at_least) json["at_least"] = true;
  return json;
}

Estimate estimate_from_json(const Json& json) {
  Estimate estimate{
      json.at("mean"), std::nullopt,
      static_cast<std::size_t>(std::max<std::int64_t>(0, whole_number(json.at("n"))))};
  if (json.at("half_width_95").is_number()) estimate.half_width = json.at("half_width_95");
  estimate.at_least = json.value("at_least", false);
  return estimate;
}

}  // namespace oubli
