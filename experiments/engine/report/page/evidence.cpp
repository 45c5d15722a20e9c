#include "experiments/engine/report/page/evidence.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "experiments/engine/report/page/attack_curves.h"
#include "experiments/engine/report/page/examples.h"
#include "experiments/engine/report/page/gathered_courses.h"
#include "experiments/engine/run/stage_outputs.h"

namespace oubli {
namespace {

// Losses are shown on a logarithmic axis, in these bins; what lies beyond counts in the outermost.
constexpr double kLeastLoss = 1e-6, kMostLoss = 1e2;
constexpr int kBins = 32;
constexpr std::int64_t kMemoryForOutputs = std::int64_t{256} << 20;

double bin_width() { return std::log10(kMostLoss / kLeastLoss) / kBins; }

std::vector<double> bin_middles() {
  std::vector<double> middles;
  middles.reserve(kBins);
  for (int b = 0; b < kBins; ++b)
    middles.push_back(kLeastLoss * std::pow(10, (b + 0.5) * bin_width()));
  return middles;
}

// Shares of the examples in each bin.
std::vector<double> loss_shares(const Tensor& losses) {
  const Tensor places = ((losses.clamp(kLeastLoss, kMostLoss) / kLeastLoss).log10() / bin_width())
                            .floor()
                            .clamp(0, kBins - 1)
                            .to(at::kLong);
  return as_vector<double>(at::bincount(places, {}, kBins).to(at::kDouble) /
                           static_cast<double>(losses.numel()));
}

CourseSet loss_set(const std::string& of) {
  return {.name = "loss/" + of,
          .section = "losses",
          .title = fmt::format("Losses of the examples: {}", of),
          .x_title = "loss",
          .y_title = "share",
          .x_is_log = true,
          .is_filled = true,
          .places = bin_middles()};
}

// Places at either end where no model has anything say nothing.
void cut_empty_ends(CourseSet& set) {
  const auto is_empty = [&](std::size_t place) {
    return std::all_of(set.rows.begin(), set.rows.end(), [&](const auto& row) {
      const double value = row.second.values[place].mean;
      return !std::isfinite(value) || value == 0;
    });
  };
  std::size_t first = 0, last = set.places.size();
  while (first < last && is_empty(first)) ++first;
  while (last > first && is_empty(last - 1)) --last;
  first = first > 0 ? first - 1 : 0;
  last = std::min(last + 1, set.places.size());
  const auto cut = [&](auto& values) {
    values.assign(values.begin() + static_cast<std::ptrdiff_t>(first),
                  values.begin() + static_cast<std::ptrdiff_t>(last));
  };
  cut(set.places);
  for (auto& [name, course] : set.rows) cut(course.values);
}

class Collector {
 public:
  Collector(const Experiment& experiment, const Plan& plan, const Store& store)
      : plan_(plan),
        is_of_one_original_(experiment.spec.originals &&
                            experiment.spec.originals->files.size() == 1),
        outputs_(experiment, plan, store, kMemoryForOutputs),
        sets_(experiment.metric_sets()),
        evaluation_({.dataset = experiment.dataset, .sets = sets_}),
        attacks_(evaluation_, outputs_),
        examples_(experiment) {
    for (const NamedRows& set : sets_) {
      const bool is_shown = set.name == "forget" || set.name == "added" || set.name == "test";
      if (is_shown) losses_.push_back({&set, {loss_set(set.name), {}}});
    }
  }

  bool is_usable(const PlannedModel& model) const {
    return outputs_.usable(plan_.stages[model.evaluate].members_of(ModelRole::kModel).front());
  }

  void look_at(const std::string& row, const PlannedModel& model) {
    const Stage& stage = plan_.stages[model.evaluate];
    // What means are over: originals, or of a given one the runs on it.
    const std::int64_t seed = is_of_one_original_ && !is_noise_floor_row(row)
                                  ? model.unlearning_seed
                                  : model.training_seed;
    const std::vector<ModelOutcome> outcomes = outputs_.outcomes(stage, ModelRole::kModel);
    const ModelOutcome& outcome = outcomes.front();
    const Tensor& losses = outcome.predictions.losses();
    for (auto& [set, gathered] : losses_) {
      gathered.add(row, seed, loss_shares(losses.index_select(0, set->rows)));
    }
    attacks_.look_at(row, seed, stage, outcome);
    if (outcome.relearning) add_relearning(row, seed, *outcome.relearning);
    if (outcome.rtt) add_rtt(row, seed, *outcome.rtt);
    examples_.look_at(row, seed, outcome.predictions);
  }

  Evidence finished() && {
    Evidence evidence;
    const auto keep = [&](GatheredCourses& gathered) {
      if (!gathered.rows.empty()) evidence.courses.push_back(std::move(gathered).finished());
    };
    for (auto& [set, gathered] : losses_) {
      keep(gathered);
      if (!evidence.courses.empty()) cut_empty_ends(evidence.courses.back());
    }
    for (CourseSet& set : std::move(attacks_).finished())
      evidence.courses.push_back(std::move(set));
    keep(relearnt_loss_);
    keep(relearnt_accuracy_);
    keep(rtt_recall_);
    keep(rtt_loss_);
    evidence.shown_value = examples_.shown_value();
    evidence.examples = std::move(examples_).finished();
    return evidence;
  }

 private:
  // A course over epochs, from 0 on.
  void add_epochs(GatheredCourses& gathered, const CourseSet& set, const std::string& row,
                  std::int64_t seed, const std::vector<double>& values) {
    if (values.empty()) return;
    if (gathered.rows.empty()) gathered.set = set;
    while (gathered.set.places.size() < values.size()) {
      gathered.set.places.push_back(static_cast<double>(gathered.set.places.size()));
    }
    gathered.add(row, seed, values);
  }

  void add_relearning(const std::string& row, std::int64_t seed, const Relearning& course) {
    const auto add = [&](GatheredCourses& gathered, const char* what,
                         const std::vector<double>& values) {
      add_epochs(gathered,
                 {.name = fmt::format("relearning/{}", what),
                  .section = "relearning",
                  .title = fmt::format("Relearning: {} of the forget set", what),
                  .x_title = "epochs of training on all data",
                  .y_title = what},
                 row, seed, values);
    };
    add(relearnt_loss_, "loss", course.forget_loss);
    add(relearnt_accuracy_, "accuracy", course.forget_accuracy);
  }

  void add_rtt(const std::string& row, std::int64_t seed, const RttCurve& course) {
    const auto add = [&](GatheredCourses& gathered, const char* what,
                         const std::vector<double>& values) {
      add_epochs(gathered,
                 {.name = fmt::format("rtt/{}", what),
                  .section = "relearning",
                  .title = fmt::format("Taught some forgotten facts: {} of the others", what),
                  .x_title = "epochs of teaching",
                  .y_title = what},
                 row, seed, values);
    };
    add(rtt_recall_, "recall", course.recall);
    add(rtt_loss_, "loss", course.loss);
  }

  const Plan& plan_;
  bool is_of_one_original_;
  StageOutputs outputs_;
  std::vector<NamedRows> sets_;
  Evaluation evaluation_;
  std::vector<std::pair<const NamedRows*, GatheredCourses>> losses_;
  AttackCurves attacks_;
  GatheredCourses relearnt_loss_, relearnt_accuracy_, rtt_recall_, rtt_loss_;
  ExampleCollector examples_;
};

}  // namespace

Evidence collect_evidence(const Experiment& experiment, const std::vector<PlannedRow>& rows,
                          const Plan& plan, const Store& store) {
  Collector collector(experiment, plan, store);
  for (const PlannedRow& row : rows) {
    // A row that lost a model shows nothing: the others would flatter it.
    const bool is_whole =
        std::all_of(row.models.begin(), row.models.end(), [&](const PlannedModel& model) {
          return store.check(plan.stages[model.evaluate].key, /*thorough=*/false).state ==
                     Store::State::kSound &&
                 collector.is_usable(model);
        });
    if (!is_whole) continue;
    for (const PlannedModel& model : row.models) collector.look_at(row.name, model);
  }
  return std::move(collector).finished();
}

}  // namespace oubli
