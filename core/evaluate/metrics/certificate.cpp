// What a method's certificate claims, to stand beside what attacks disprove (ulira_epsilon).
#include "core/evaluate/metric.h"

namespace oubli {
namespace {

std::vector<MetricValue> compute_certificate(const MetricInput& input) {
  if (!input.model.claim) return {};
  return {{"certified_epsilon", input.model.claim->epsilon},
          {"certified_delta", input.model.claim->delta}};
}

ColumnInfo column(const char* name, const char* heading, const char* definition) {
  return {.name = name,
          .heading = heading,
          .group = ColumnGroup::kPrivacy,
          .better = GoodSide::kLower,
          .range = "[0, inf)",
          .definition = definition};
}

}  // namespace

Metric certificate_metric() {
  return {.name = "certificate",
          .summary = "epsilon and delta that a method's certificate claims",
          .source = "oubli",
          .columns = {column("certified_epsilon", "claimed eps",
                             "Upper bound on epsilon that the method's certificate claims, under "
                             "the assumptions that its report lists. An attack's lower bound above "
                             "it disproves the claim."),
                      column("certified_delta", "claimed delta",
                             "The delta that the claimed epsilon holds at.")},
          .compute = compute_certificate};
}

}  // namespace oubli
