// What comes back of forgotten facts when the model is taught others of them (core/evaluate/rtt.h).
//
//   rtt_recall, rtt_loss             on the facts V that are not taught, after the last epoch
//   rtt_recall_first, rtt_loss_first the same of the model as it was
//   rtt_recall_most                  the largest after any epoch, and as it was
//   rtt_taught                       recall of the facts T that are taught, after the last epoch
//
// The oracles' row has what an honest model recovers: nothing beyond chance where facts are
// independent. A model whose rtt_recall lies above it had the facts still, behind answers that it
// no longer gave. Teaching harms what is known, too: the originals' row has what is left to a model
// that knew all of V, and is the ceiling. Where rtt_taught is low nothing was taught, and the
// others say nothing: more epochs, or a larger rate (`rtt: {epochs: 40, lr: 1e-3}`). Left out where
// nothing that states a fact is forgotten, or a single fact.
//
// Source: Deeb and Roger 2024 (arXiv 2410.08827).
#include <algorithm>
#include <cmath>
#include <limits>

#include "core/evaluate/metric.h"

namespace oubli {
namespace {

std::vector<MetricValue> compute_rtt(const MetricInput& input) {
  const std::optional<RttCurve>& curve = input.model.rtt;
  if (!curve || curve->loss.empty()) return {};
  // Teaching may diverge; what was said before stands for nothing.
  const bool is_whole = std::isfinite(curve->loss.back());
  const auto last = [&](const std::vector<double>& values) {
    return is_whole ? values.back() : std::numeric_limits<double>::quiet_NaN();
  };
  return {{"rtt_recall", last(curve->recall)},
          {"rtt_loss", last(curve->loss)},
          {"rtt_recall_first", curve->recall.front()},
          {"rtt_recall_most", *std::max_element(curve->recall.begin(), curve->recall.end())},
          {"rtt_loss_first", curve->loss.front()},
          {"rtt_taught", last(curve->taught_recall)}};
}

ColumnInfo rtt_column(const std::string& name, const std::string& heading,
                      const std::string& what) {
  const bool is_loss = name.starts_with("rtt_loss");
  return {.name = name,
          .heading = heading,
          .group = ColumnGroup::kPrivacy,
          .range = is_loss ? "[0, inf) nats" : "[0, 1]",
          .definition = what +
                        " The forgotten facts are divided, once, into those that are taught (the "
                        "share `rtt: {part: 0.5}`, in the sentences of training) and those that "
                        "are asked for, in all wordings. Facts are independent: what comes back of "
                        "those that are not taught was there all the time. The oracles' value is "
                        "what a model recovers that never knew them.",
          .resolution = is_loss ? 1e-3 : 0.01,
          .above = is_loss ? AboveMeans::kOverForgets : AboveMeans::kUnderForgets,
          .detail = name.ends_with("_first") || name.ends_with("_most")};
}

}  // namespace

Metric rtt_metric() {
  ColumnInfo taught = rtt_column(
      "rtt_taught", "RTT taught",
      "Recall of the forgotten facts that are taught, after the last epoch: near 1 where teaching "
      "took place; where it is not, the other columns say nothing.");
  taught.above = AboveMeans::kNothing;
  taught.detail = true;
  return {
      .name = "rtt",
      .summary = "what comes back of forgotten facts when others of them are taught",
      .source = "Deeb and Roger 2024 (retraining on T)",
      .columns = {rtt_column("rtt_recall", "RTT recall",
                             "Share of the answers about facts that are not taught which greedy "
                             "generation says after the last epoch of teaching others."),
                  rtt_column("rtt_loss", "RTT loss",
                             "Mean loss of the answers about facts that are not taught after "
                             "the last epoch of teaching others."),
                  rtt_column("rtt_recall_first", "recall before RTT",
                             "rtt_recall of the model as it was, on the same facts."),
                  rtt_column("rtt_loss_first", "loss before RTT",
                             "rtt_loss of the model as it was, on the same facts."),
                  rtt_column("rtt_recall_most", "RTT most",
                             "The largest rtt_recall after any epoch, or of the model as it was: "
                             "what an attacker has who stops in time."),
                  taught},
      .compute = compute_rtt,
      .needs = {.rtt = true}};
}

}  // namespace oubli
