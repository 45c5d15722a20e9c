// SISA: the data in shards, a network for each, so that only those are trained again that saw what
// is forgotten.
//
//   shard k of S, in slices 1 .. R, each row in a place of its own (core/unlearn/shards.h)
//   theta_k = A(slices 1), then A(slices 1, 2), ..., A(slices 1 .. R), going on from stage to stage
//   f(x) = the mean of the S predictions, or their vote (core/nn/layers/ensemble.h)
//
// To forget, each shard with a row that is removed (or added) goes back to the checkpoint before
// the first slice that holds one, and is trained on from there on what its slices hold now. The
// others keep their bits. The result is SISA from scratch on what remains, with the original's
// seed, bit for bit (core/unlearn/sharded_training.h): exact, given that what is asked to be
// forgotten does not depend on the model. Requests chosen by looking at it are another matter
// (Gupta et al. 2021, arXiv 2106.04378).
//
// Source: Bourtoule et al. 2021 (arXiv 1912.03817). Deviations: rows are dealt out by a hash of
// their number and not evenly, so that it is the same deal without those that are removed; the mean
// is the default, the source's is the vote, of which metrics that read probabilities see S + 1
// levels; optimiser and schedule begin anew with each slice. It asks for originals and oracles that
// are trained so. The memory passes from request to request and holds nothing of removed rows.
//
// Cost: of m rows in one slice each, min(m, S) / S of n_r times the epochs or less; with slices a
// part of that. Kept besides the model: R - 1 times its size.
#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>

#include "core/unlearn/sharded_training.h"
#include "core/unlearn/unlearner.h"

namespace oubli {
namespace {

class Sisa : public Unlearner {
 public:
  explicit Sisa(const Settings& settings)
      : origin_(settings.origin()),
        shards_(settings.integer("shards", {.default_value = 5,
                                            .at_least = 1,
                                            .at_most = 1000,
                                            .doc = "S, networks that share the examples"})),
        slices_(settings.integer("slices", {.default_value = 1,
                                            .at_least = 1,
                                            .at_most = 1000,
                                            .doc = "R, parts of each shard, learnt one after the "
                                                   "other; a checkpoint is kept before each"})),
        joining_(settings.choice("join", {.default_value = "mean",
                                          .valid = {"mean", "vote"},
                                          .doc = "how the networks' predictions become one"}) ==
                         "vote"
                     ? Joining::kVote
                     : Joining::kMean) {}

  TrainingPlan training_plan(TrainingPlan standard) const override {
    const TrainingRecipe& recipe = standard.recipe;
    if (joining_ == Joining::kVote && recipe.objective.loss == LossKind::kSquaredError) {
      fail_at(origin_, "'join: vote' is for classes; numbers have a mean: write 'join: mean'.");
    }
    if (!recipe.optimizer.is_full_batch() && slices_ > most_slices(recipe.epochs)) {
      fail_at(origin_,
              fmt::format("{} slices leave less than one of {} epochs for each: {} are the "
                          "most.",
                          slices_, recipe.epochs, most_slices(recipe.epochs)));
    }
    standard.procedure = "sharded";
    standard.settings = {{"shards", shards_}, {"slices", slices_}};
    standard.copies = shards_;
    standard.joining = joining_;
    return standard;
  }

  std::optional<double> estimate_cost(const Task& task) const override {
    if (task.recipe.optimizer.is_full_batch()) return std::nullopt;
    const auto shards = static_cast<double>(shards_);
    const auto changed = static_cast<double>(task.forget.size() + task.added.size());
    const auto all = static_cast<double>(task.retain.size() * task.recipe.epochs);
    return all * std::min(changed, shards) / shards;
  }

  UnlearnReport unlearn(Model& model, const Task& task, Context& context) const override {
    ShardedTraining training = training_so_far(task);
    training.require_same(model, task.train);
    const Tensor removed = rows_difference(task.train.rows, task.retain.rows);
    const Tensor added = rows_difference(task.retain.rows, task.train.rows);
    training.change(removed);
    training.change(added);
    const std::int64_t shards = training.due_shards(), stages = training.due_stages();
    UnlearnReport report = report_of(training.train_due(model, task.retain, task.recipe, context));
    if (shards == 0) report.details = Json::object();
    report.details["shards"] = shards_;
    report.details["shards_touched"] = shards;
    report.details["expected_shards_touched"] =
        training.shards().expected_shards(removed.numel() + added.numel());
    report.details["stages_trained"] = stages - training.due_stages();
    report.details["retrained"] = stages == shards_ * slices_;
    if (report.usable()) {
      report.state = std::make_shared<MethodState>(training.state(task.retain));
    }
    return report;
  }

 private:
  // What the request before this one left, or the original's training.
  ShardedTraining training_so_far(const Task& task) const {
    const MethodStatePtr kept = task.state ? task.state : task.record ? task.record() : nullptr;
    if (!kept) {
      throw Error(ErrorKind::kTask,
                  "'sisa' edits a model that was trained in shards, and nothing was written down "
                  "of how this one was trained");
    }
    return ShardedTraining::read(*kept);
  }

  Origin origin_;
  std::int64_t shards_, slices_;
  Joining joining_;
};

}  // namespace

MethodInfo sisa_method() {
  return {
      .name = "sisa",
      .summary =
          "one network for each shard of the data; trains those again that saw the forgotten",
      .reference = "Bourtoule et al. 2021, arXiv 1912.03817",
      .definition =
          "Row i is in shard floor(S u / 2^32) and slice floor(R v / 2^32), u and v the halves of "
          "mix(mix(seed) xor i), mix of SplitMix64. Copy k of the network is trained on slices "
          "1 .. r of shard k for r = 1 .. R, round(r x) - round((r - 1) x) epochs each, x = "
          "2 epochs / (R + 1). Prediction: log of the mean of the softmax (mean), or log((votes + "
          "1/C) / (S + 1)) (vote). Unlearning: from the checkpoint before the first slice that "
          "changed, the same stages on what is left, with the same draws.",
      .needs_retain_data = true,
      .needs_forget_data = true,
      .supports_adding = true,
      .takes_sequences = true,
      .exact = true,
      .make = make_unlearner<Sisa>};
}

}  // namespace oubli
