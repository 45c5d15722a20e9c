#include "experiments/engine/report/claims.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <boost/math/distributions/binomial.hpp>
#include <optional>

namespace oubli {
namespace {

constexpr double kAttackDelta = 1e-5, kAlpha = 0.05;
constexpr const char* kAttack = "ulira_epsilon";

std::optional<double> value_of(const ModelResult& model, const std::string& column) {
  const auto found = model.values.find(column);
  if (found == model.values.end()) return std::nullopt;
  return found->second;
}

bool tells_oracles_apart(const Results& results, const RowResult& row) {
  for (const RowResult& floor : results.rows) {
    if (floor.name != row.noise_floor) continue;
    const std::optional<Estimate> own = floor.cell(kAttack);
    return own && own->mean > 0;
  }
  return false;
}

// What the attack says of a claim.
std::string attacked(const Results& results, const RowResult& row, double epsilon, double delta) {
  if (delta > kAttackDelta * (1 + 1e-9)) return "";
  std::int64_t models = 0, above = 0;
  double largest = 0;
  for (const ModelResult& model : row.models) {
    const std::optional<double> bound = value_of(model, kAttack);
    if (!bound) continue;
    ++models;
    if (*bound > epsilon) ++above;
    largest = std::max(largest, *bound);
  }
  if (models == 0 || above == 0 || tells_oracles_apart(results, row)) return "";
  const boost::math::binomial chance(static_cast<double>(models), kAlpha);
  const double p = boost::math::cdf(complement(chance, static_cast<double>(above - 1)));
  if (p >= kAlpha) return "";
  return fmt::format("; DISPROVED: U-LiRA shows more on {} of {} models, up to {:.3g} (p = {:.2g})",
                     above, models, largest, p);
}

}  // namespace

std::string claim_line(const Results& results, const RowResult& row) {
  for (const ModelResult& model : row.models) {
    const std::optional<double> epsilon = value_of(model, "certified_epsilon");
    const std::optional<double> delta = value_of(model, "certified_delta");
    if (!epsilon || !delta) continue;
    std::vector<std::string> assumed;
    for (const Json& assumption : model.report.at("details").at("certificate").at("assumptions")) {
      if (assumption.at("status") == "assumed") {
        assumed.push_back(assumption.at("text").get<std::string>());
      }
    }
    return fmt::format("{} claims epsilon = {:g} at delta = {:g}{}{}", row.name, *epsilon, *delta,
                       assumed.empty() ? "" : fmt::format(", if {}", fmt::join(assumed, "; if ")),
                       attacked(results, row, *epsilon, *delta));
  }
  return "";
}

}  // namespace oubli
