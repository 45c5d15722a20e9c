// What a sequence of requests cost so far, against retraining at each of them.
#include <algorithm>

#include "core/evaluate/metric.h"

namespace oubli {
namespace {

std::vector<MetricValue> compute_stream(const MetricInput& input) {
  const std::vector<AnsweredRequest>& requests = input.model.requests;
  if (requests.empty()) return {};
  double retraining = 0, most = 0, retrainings = 0;
  for (const ModelOutcome* oracle : input.oracles) retraining += oracle->sample_gradients;
  for (const AnsweredRequest& request : requests) {
    most = std::max(most, request.sample_gradients);
    retrainings += request.retrained ? 1 : 0;
  }
  std::vector<MetricValue> values;
  values.reserve(5);
  values.push_back({"requests", static_cast<double>(requests.size())});
  if (retraining > 0) {
    retraining /= static_cast<double>(input.oracles.size());
    values.push_back({"request_cost_ratio", input.model.sample_gradients / retraining /
                                                static_cast<double>(requests.size())});
    values.push_back({"worst_request", most / retraining});
  }
  values.push_back({"retrainings", retrainings});
  if (requests.back().budget_left) values.push_back({"budget_left", *requests.back().budget_left});
  return values;
}

ColumnInfo cost_column(const char* name, const char* heading, const char* range,
                       const char* definition, GoodSide better, bool reads_oracles) {
  return {.name = name,
          .heading = heading,
          .group = ColumnGroup::kCost,
          .better = better,
          .range = range,
          .definition = definition,
          .reads_oracles = reads_oracles};
}

}  // namespace

Metric stream_metric() {
  return {.name = "stream",
          .summary = "of a sequence of requests: cost so far, worst request, retrainings, budget",
          .source = "oubli",
          .columns = {cost_column("requests", "requests", "1, 2, ...", "Requests answered so far.",
                                  GoodSide::kOracle, false),
                      cost_column("request_cost_ratio", "/ retraining each", "[0, inf)",
                                  "Sample-gradients of all requests so far, over those of "
                                  "retraining at each of them.",
                                  GoodSide::kLower, true),
                      cost_column("worst_request", "worst request", "[0, inf)",
                                  "Sample-gradients of the request that took most, over those of "
                                  "retraining.",
                                  GoodSide::kLower, true),
                      cost_column("retrainings", "retrainings", "0, 1, ...",
                                  "Requests that the method answered by training from scratch.",
                                  GoodSide::kLower, false),
                      cost_column("budget_left", "budget left", "[0, 1]",
                                  "Share that is left of what a certificate may spend before the "
                                  "method has to train from scratch.",
                                  GoodSide::kHigher, false)},
          .compute = compute_stream,
          .needs = {.requests = true}};
}

}  // namespace oubli
