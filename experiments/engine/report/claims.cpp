#include "experiments/engine/report/claims.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <boost/math/distributions/binomial.hpp>
#include <optional>

namespace oubli {
namespace {

constexpr double kAttackDelta = 1e-5, kAlpha = 0.05;

struct Attack {
  std::string prefix;  // of its columns
  std::string name;
};

// The stronger one first.
std::vector<Attack> attacks() { return {{"ulira", "U-LiRA"}, {"lira", "LiRA"}}; }

std::optional<double> value_of(const ModelResult& model, const std::string& column) {
  const auto found = model.values.find(column);
  if (found == model.values.end()) return std::nullopt;
  return found->second;
}

// At the claim's delta; of a smaller one the bound at 1e-5 holds too.
std::optional<double> bound_of(const ModelResult& model, const Attack& attack, double delta) {
  if (const auto own = value_of(model, attack.prefix + "_claim_epsilon")) return own;
  if (delta > kAttackDelta * (1 + 1e-9)) return std::nullopt;
  return value_of(model, attack.prefix + "_epsilon");
}

bool tells_oracles_apart(const Results& results, const RowResult& row, const Attack& attack) {
  for (const RowResult& floor : results.rows) {
    if (floor.name != row.noise_floor) continue;
    const std::optional<Estimate> own = floor.cell(attack.prefix + "_epsilon");
    return own && own->mean > 0;
  }
  return false;
}

std::string outcome_of(const Results& results, const RowResult& row, const Attack& attack,
                       const std::vector<double>& bounds, double epsilon) {
  if (tells_oracles_apart(results, row, attack)) {
    return fmt::format("; {} tells the oracles' sets apart too, and says nothing", attack.name);
  }
  const auto above =
      std::count_if(bounds.begin(), bounds.end(), [&](double bound) { return bound > epsilon; });
  const double largest = *std::max_element(bounds.begin(), bounds.end());
  const std::string attacked =
      fmt::format("; not disproved: {} shows {:.3g} at most", attack.name, largest);
  if (above == 0) return attacked;
  const boost::math::binomial chance(static_cast<double>(bounds.size()), kAlpha);
  const double p = boost::math::cdf(complement(chance, static_cast<double>(above - 1)));
  if (p >= kAlpha) return attacked;
  return fmt::format("; DISPROVED: {} shows more on {} of {} models, up to {:.3g} (p = {:.2g})",
                     attack.name, above, bounds.size(), largest, p);
}

// What an attack says of a claim.
std::string attacked(const Results& results, const RowResult& row, double epsilon, double delta) {
  for (const Attack& attack : attacks()) {
    std::vector<double> bounds;
    for (const ModelResult& model : row.models) {
      if (const auto bound = bound_of(model, attack, delta)) bounds.push_back(*bound);
    }
    if (!bounds.empty()) return outcome_of(results, row, attack, bounds, epsilon);
  }
  return "; not attacked: measure ulira_epsilon (of the metric ulira)";
}

std::string assumptions_text(const Json& certificate) {
  std::vector<std::string> assumed;
  std::size_t checked = 0;
  for (const Json& assumption : certificate.at("assumptions")) {
    if (assumption.at("status") == "assumed") {
      assumed.push_back(assumption.at("text").get<std::string>());
    }
    checked += assumption.at("status") == "checked";
  }
  return fmt::format("{} ({} checked)",
                     assumed.empty() ? "" : fmt::format(", if {}", fmt::join(assumed, "; if ")),
                     checked);
}

}  // namespace

std::string coverage_text(const Json& certificate) {
  const Json mu = certificate.value("mu", Json());
  const std::string covers = certificate.value("covers", "");
  return fmt::format("{}{}", mu.is_number() ? fmt::format(", mu = {:.4g}", mu.get<double>()) : "",
                     covers == "each release"   ? ", of each release by itself"
                     : covers == "all releases" ? ", of all releases together"
                                                : "");
}

std::string claim_line(const Results& results, const RowResult& row) {
  for (const ModelResult& model : row.models) {
    const std::optional<double> epsilon = value_of(model, "certified_epsilon");
    const std::optional<double> delta = value_of(model, "certified_delta");
    if (!epsilon || !delta) continue;
    const Json& certificate = model.report.at("details").at("certificate");
    return fmt::format("{} claims epsilon = {:g} at delta = {:g}{}{}{}", row.name, *epsilon, *delta,
                       coverage_text(certificate), assumptions_text(certificate),
                       attacked(results, row, *epsilon, *delta));
  }
  return "";
}

}  // namespace oubli
