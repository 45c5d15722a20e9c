// Metrics: numbers about edited models, from stored predictions, parameters and costs.
//
// No metric trains a network, though attacks fit small rules to scores: what a metric needs beyond
// the predictions of originals, oracles and edited models it declares in `needs`, and the engine
// makes that once, as stages that all experiments share. A new metric is one file in
// core/evaluate/metrics/, one line in metrics.def and one test.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/base/registry.h"
#include "core/evaluate/predictions.h"
#include "core/evaluate/relearning.h"
#include "core/evaluate/rtt.h"
#include "core/evaluate/statistics/estimate.h"
#include "core/nn/layer.h"

namespace oubli {

// One request of a sequence, as the method reported it.
struct AnsweredRequest {
  double sample_gradients = 0;
  double seconds = 0;
  bool retrained = false;                  // from scratch
  std::optional<double> budget_left = {};  // of a method that has one
};

// What a certificate claims of a model that its method released (core/privacy/certificate.h).
struct Claim {
  double epsilon = 0;
  double delta = 0;
};

// What is known of one trained or edited model.
struct ModelOutcome {
  Predictions predictions;
  DeferredTensor theta;  // float64 [dim]
  double sample_gradients = 0;
  double seconds = 0;
  std::optional<Relearning> relearning = {};   // where needed
  std::optional<RttCurve> rtt = {};            // where needed
  std::vector<AnsweredRequest> requests = {};  // of a sequence of edits, those that led to it
  std::optional<Claim> claim = {};
};

// A model that an attacker made: trained on a random half of the population, or trained and then
// made to forget a random half of the audited examples (attacks/ulira.h).
struct Shadow {
  Tensor chosen;             // bool [n]: in its training set; for an edited one, what it forgot
  Tensor scaled_confidence;  // [n], of its predictions
};

// One set that metrics are reported on.
struct NamedRows {
  std::string name;  // of usual_sets(), or one that the experiment names
  Tensor rows;       // int64
};

// A set that experiments have without naming it, those with wrong labels once more as held against
// the true ones ("forget_true").
struct UsualSet {
  std::string name;
  bool is_seen = false;  // by methods, and so by what chooses among them
};
const std::vector<UsualSet>& usual_sets();

// What a corruption of training rows aimed at, for metrics that look for it on test examples.
struct Planted {
  std::optional<std::int64_t> target = {};    // the class that a trigger calls for
  std::optional<std::int64_t> favoured = {};  // the class that a group was denied
};

// What all metrics of one experiment share.
struct Evaluation {
  std::shared_ptr<const Dataset> dataset;
  std::vector<NamedRows> sets = {};               // only those that are not empty
  std::vector<const ModelOutcome*> initial = {};  // models that were never trained, where needed
  std::vector<ParameterInfo> parameters = {};     // where each stands in theta
  Planted planted = {};

  const Tensor* rows(const std::string& set) const;  // null where the set is empty
  bool is_classification() const { return dataset->is_classification(); }
  // The edited set: forget, or added where nothing is forgotten. Null where both are empty.
  const NamedRows* edited() const;
  // What attacks hold the edited set against, examples that no original was trained on: held_out
  // where the experiment has it, else test. Of sentences that state facts those of held_out whose
  // facts no model was trained on in any wording: test says learnt facts in other words. Undefined
  // where there are none.
  Tensor unseen() const;
  // Those of them that are like the given rows: of their classes, or all of a regression's or of
  // running text, so that removing a class compares like with like; of facts those of the same
  // relations, of subjects that other retained sentences name where the rows' subjects are such.
  // Undefined where there are none.
  Tensor unseen_rows_like(const Tensor& rows) const;
};

// One model. A value against several oracles is their mean.
struct MetricInput {
  const Evaluation& evaluation;
  const ModelOutcome& model;
  std::vector<const ModelOutcome*> oracles = {};  // at least one
  // Where needed. The original of the same training seed; for an oracle, one of the originals.
  const ModelOutcome* original = nullptr;
  // Where needed: the model of the row that others are held against (`evaluate: {against: ROW}`),
  // of the same training seed. Null for an oracle, and where it is not usable.
  const ModelOutcome* reference = nullptr;
  // Where needed: the oracle that started as the model's original did, and saw the same batches but
  // for the edit. Null for an oracle, and where originals are given.
  const ModelOutcome* twin = nullptr;
  std::vector<const Shadow*> shadows = {};
  std::vector<const Shadow*> edited_shadows = {};  // by the method that made the model

  const Predictions& predictions() const { return model.predictions; }
};

// All models of a row together, one of each training seed, for what only a distribution over models
// has. The oracles are in two halves, the same for every row: one that models are held against, and
// one that stands for "nothing differs" when held against it.
struct PopulationInput {
  const Evaluation& evaluation;
  std::vector<const ModelOutcome*> models = {};
  std::vector<const ModelOutcome*> oracles = {};
  std::vector<const ModelOutcome*> control_oracles = {};

  // As many of those apart as there are models.
  std::vector<const ModelOutcome*> controls() const;
};

// Effects of training examples on tests (core/attribution/attributor.h), from models of several
// originals, and what retrained models say of them.
struct AttributionInput {
  // Floating [n, tests], one of each original; of a truth none.
  std::vector<Tensor> effects = {};
  Tensor members = {};  // bool [subsets, n]: what each was trained on
  // float64 [retrainings, subsets, tests]: losses of models trained on the subsets, each subset as
  // often.
  Tensor losses = {};
  // Of each original, where examples were left out one at a time: their positions [k], and the
  // changes of the tests' losses [k, tests].
  struct LeftOut {
    Tensor positions, changes;
  };
  std::vector<LeftOut> left_out = {};
};

// A column of all originals together, which has its own interval.
struct PooledValue {
  std::string column;
  Estimate estimate;
};

struct MetricValue {
  std::string column;     // metric, or metric/set
  double value = 0;       // not a number where it is not defined for the input
  bool at_least = false;  // the truth is `value` or more: what was watched ended before
};

// What a column is about: forgetting, what is left of the model's use, cost, or how well effects
// are told. Columns of a
// metric that is taken on several sets belong to privacy on forget and added, to utility elsewhere.
enum class ColumnGroup { kPrivacy, kUtility, kAttribution, kCost, kBySet };
// Where a good value lies. `kOracle`: at the oracles' own value, neither above nor below.
enum class GoodSide { kOracle, kLower, kHigher };
// What a value above the oracles' says. `kFits`, `kMisfits`: the model fits the set better or
// worse, which is under-forgetting or over-forgetting on the edited set, and an improvement or harm
// elsewhere.
enum class AboveMeans { kNothing, kUnderForgets, kOverForgets, kFits, kMisfits };

struct ColumnInfo {
  std::string name;     // of the column, before its '/'
  std::string heading;  // in tables
  ColumnGroup group = ColumnGroup::kBySet;
  GoodSide better = GoodSide::kOracle;
  std::string range = {};       // "[0, 1]", "[0, ln 2] nats"
  std::string definition = {};  // formula and reading, for `oubli explain`
  // Differences at or below this do not matter to anybody, whatever the noise floor says; in units
  // of the column.
  double resolution = 0;
  AboveMeans above = AboveMeans::kNothing;
  // The value is a distance to the oracles. The oracles' own values, each against the others, then
  // share pairs and are not independent (leave_one_out in statistics/equivalence.h).
  bool to_oracles = false;
  // The value is another one for other oracles, though lower or higher is better: a gap to them.
  bool reads_oracles = false;
  // Made from other columns, by the metric's `derive`.
  bool is_derived = false;
  // The column is split by parameter tensor, not by set: "layer_z/weight".
  bool by_parameter = false;
  // Kept in results.json and the CSV files, and left out of tables for reading.
  bool detail = false;
};

// What is made for a metric beyond originals, oracles and edited models.
struct MetricNeeds {
  bool initial_models = false;
  bool shadows = false;
  bool edited_shadows = false;
  bool relearning = false;
  bool rtt = false;
  bool reference = false;    // a row that others are held against, without which it has no value
  bool twins = false;        // an oracle from the start of each original
  bool requests = false;     // a sequence of them, without which it has no value
  bool attribution = false;  // effects of training examples, and nothing else; and of these
  bool subsets = false;      // models trained on subsets
  bool left_out = false;     // models trained without single examples

  bool trains_more() const { return shadows || edited_shadows || relearning || rtt || twins; }
};

// Values of a model by column, and the oracles' means of them.
using ColumnValues = std::map<std::string, double>;

struct Metric {
  std::string name;
  std::string summary;      // one line
  std::string source = {};  // authors, year, equation
  std::vector<ColumnInfo> columns = {};
  // Columns that are not defined for an input, such as the accuracy of a regression, are left out.
  // A metric has one or more of these four.
  std::function<std::vector<MetricValue>(const MetricInput&)> compute = {};
  std::function<std::vector<MetricValue>(const PopulationInput&)> compute_population = {};
  // From values that other metrics have, so that nothing is computed for each model and oracle
  // anew; an oracle is held against the others.
  std::function<std::vector<MetricValue>(const ColumnValues& model, const ColumnValues& oracles)>
      derive = {};
  std::function<std::vector<PooledValue>(const AttributionInput&)> compute_attribution = {};
  MetricNeeds needs = {};
  int version = 1;  // raised when the metric's values change: stored ones are taken again
  std::string file_hash = {};  // as a method's (core/unlearn/unlearner.h)
};

Registry<Metric> builtin_metrics();

// The two parts of a column's name: "kl" and "forget" of kl/forget; the set is "" where there is
// none.
std::string metric_of(const std::string& column);
std::string set_of(const std::string& column);
// Whether a column's set is the edited one: forget or added, or what should be forgotten and the
// method was not told of (unknown). Also against the true labels.
bool is_about_edited_set(const std::string& column);

// The metric that has the column "metric/set", and its description there; null where none has.
const Metric* find_metric_of(const Registry<Metric>& metrics, const std::string& column);
const ColumnInfo* find_column(const Registry<Metric>& metrics, const std::string& column);
// What is wrong with a column's name, with the nearest one that exists; "" where nothing is.
// `own_sets`: those that an experiment names beside the usual ones.
std::string column_problem(const Registry<Metric>& metrics, const std::string& column,
                           const std::vector<std::string>& own_sets = {});

}  // namespace oubli
