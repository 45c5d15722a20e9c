#include "core/unlearn/sharded_training.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <numeric>

#include "core/base/hash.h"
#include "core/nn/ensemble.h"

namespace oubli {
namespace {

std::string hash_of(const Tensor& rows) {
  Hasher hasher;
  hasher.add(std::get<0>(rows.sort()));
  return hasher.hex();
}

// Parameters and buffers as one vector.
Tensor snapshot(const Model& model) {
  Tensors parts{model.theta()};
  for (const Tensor& buffer : model.buffers()) parts.push_back(buffer.reshape({-1}));
  return at::cat(parts);
}

void restore(Model& model, const Tensor& kept) {
  model.set_theta(kept.narrow(0, 0, model.dim()));
  std::int64_t at = model.dim();
  for (const Tensor& buffer : model.buffers()) {
    buffer.copy_(kept.narrow(0, at, buffer.numel()).view_as(buffer));
    at += buffer.numel();
  }
}

// Counted from 1, for people.
std::string name_of(std::int64_t shard, std::int64_t slice) {
  return fmt::format("shard {}, slice {}", shard + 1, slice + 1);
}

// The part of a computation that one stage is.
Context context_of_stage(const Context& whole, Generator generator, double done, double all) {
  Context own = whole;
  own.generator = std::move(generator);
  own.progress = [&whole, done, all](double part) { whole.progress((done + part) / all); };
  return own;
}

bool has_ended_well(TrainingStatus status) {
  return status == TrainingStatus::kCompleted || status == TrainingStatus::kConverged;
}

bool goes_on(TrainingStatus status) {
  return status != TrainingStatus::kStopped && status != TrainingStatus::kDiverged;
}

// A shard's or a stage's outcome into that of the whole: the first that did not end well is told,
// and one that ended it all before any.
void note(const TrainingReport& own, const std::string& where, TrainingReport& whole) {
  if (has_ended_well(own.status)) {
    if (has_ended_well(whole.status)) whole.status = own.status;
    return;
  }
  if (!has_ended_well(whole.status) && goes_on(own.status)) return;
  whole.status = own.status;
  whole.message = where.empty() ? own.message : fmt::format("{}: {}", where, own.message);
}

}  // namespace

ShardedTraining::ShardedTraining(std::int64_t shards, std::int64_t slices, std::uint64_t seed)
    : shards_{shards, slices, Generator(seed).stream("shards").seed()},
      seed_(seed),
      due_(static_cast<std::size_t>(shards), 0) {}

ShardedTraining ShardedTraining::read(const MethodState& state) {
  const Json& values = state.values;
  if (!values.contains("due") || !values.contains("slices")) {
    throw Error(ErrorKind::kTask,
                "what was written down of the model's training is no training in shards");
  }
  ShardedTraining training(values.at("shards").get<std::int64_t>(),
                           values.at("slices").get<std::int64_t>(),
                           values.at("seed").get<std::uint64_t>());
  training.rows_ = values.at("rows").get<std::string>();
  training.due_ = values.at("due").get<std::vector<std::int64_t>>();
  for (std::int64_t k = 0; k < training.shards_.shards; ++k) {
    for (std::int64_t r = 1; r < training.shards_.slices; ++r) {
      const Tensor kept = state.tensor(name_of(k, r));
      if (kept.defined()) training.checkpoints_[{k, r}] = kept;
    }
  }
  return training;
}

MethodState ShardedTraining::state(const Subset& subset) const {
  MethodState state;
  state.values = {{"shards", shards_.shards},
                  {"slices", shards_.slices},
                  {"seed", seed_},
                  {"rows", hash_of(subset.rows)},
                  {"due", due_}};
  for (const auto& [place, kept] : checkpoints_) {
    state.tensors.emplace_back(name_of(place.first, place.second), kept);
  }
  return state;
}

void ShardedTraining::require_same(const Model& model, const Subset& subset) const {
  if (copies_in(model) != shards_.shards) {
    throw Error(ErrorKind::kTask,
                fmt::format("the model has {} copies of its network, and was trained in {} shards",
                            copies_in(model), shards_.shards));
  }
  if (hash_of(subset.rows) != rows_) {
    throw Error(ErrorKind::kTask,
                "the shards that were written down are of other rows than the model is said to "
                "have been trained on: another method has edited it since");
  }
}

void ShardedTraining::change(const Tensor& rows) {
  const std::vector<std::int64_t> first = shards_.first_slices(rows);
  for (std::size_t k = 0; k < due_.size(); ++k) due_[k] = std::min(due_[k], first[k]);
}

std::int64_t ShardedTraining::due_shards() const {
  return std::count_if(due_.begin(), due_.end(),
                       [&](std::int64_t due) { return due < shards_.slices; });
}

std::int64_t ShardedTraining::due_stages() const {
  const std::int64_t done = std::accumulate(due_.begin(), due_.end(), std::int64_t{0});
  return shards_.shards * shards_.slices - done;
}

Generator ShardedTraining::generator_of(std::int64_t shard, std::int64_t slice) const {
  const Generator whole(seed_);
  return shard == 0 && slice == 0 ? whole : whole.stream(name_of(shard, slice));
}

void ShardedTraining::go_back(Model& copy, std::int64_t shard) {
  const std::int64_t due = due_[static_cast<std::size_t>(shard)];
  // Later ones have seen what was removed.
  std::erase_if(checkpoints_, [&](const auto& kept) {
    return kept.first.first == shard && kept.first.second > due;
  });
  if (due > 0) {
    restore(copy, checkpoints_.at({shard, due}));
  } else {
    Generator initialisation = generator_of(shard, 0).stream("initialisation");
    copy.initialise(initialisation);
  }
}

TrainingReport ShardedTraining::train_shard(Model& copy, std::int64_t shard, const Subset& subset,
                                            const TrainingRecipe& recipe, Context& context) {
  TrainingReport report;
  std::int64_t& due = due_[static_cast<std::size_t>(shard)];
  const auto stages = static_cast<double>(shards_.slices - due);
  for (double done = 0; due < shards_.slices; ++done) {
    const Subset members = shards_.members(subset, shard, due);
    if (context.should_stop()) {
      report.status = TrainingStatus::kStopped;
      report.message = fmt::format("stopped before {}", name_of(shard, due));
      return report;
    }
    if (!members.empty()) {
      TrainingRecipe own = recipe;
      if (!recipe.optimizer.is_full_batch()) {
        own.epochs = epochs_of_slice(recipe.epochs, shards_.slices, due);
      }
      Context stage = context_of_stage(context, generator_of(shard, due), done, stages);
      const TrainingReport trained = train(copy, members, own, stage);
      context.cost = stage.cost;
      note(trained, name_of(shard, due), report);
      report.epochs += trained.epochs;
      report.loss = trained.loss;
      report.objective = trained.objective;
      report.gradient_norm = trained.gradient_norm;
      if (!goes_on(trained.status)) return report;
    }
    if (++due < shards_.slices) checkpoints_[{shard, due}] = snapshot(copy);
  }
  return report;
}

// The shards that are due, with their numbers of examples.
std::vector<std::pair<std::int64_t, std::int64_t>> ShardedTraining::sizes_due(
    const Subset& subset) const {
  std::vector<std::pair<std::int64_t, std::int64_t>> sizes;
  for (std::int64_t k = 0; k < shards_.shards; ++k) {
    if (due_[static_cast<std::size_t>(k)] == shards_.slices) continue;
    sizes.emplace_back(k, shards_.members(subset, k, shards_.slices).size());
    if (sizes.back().second > 0) continue;
    throw Error(ErrorKind::kTask,
                fmt::format("shard {} of {} has no example to be trained on: ask for fewer shards",
                            k + 1, shards_.shards));
  }
  return sizes;
}

TrainingReport ShardedTraining::train_due(Model& model, const Subset& subset,
                                          const TrainingRecipe& recipe, Context& context) {
  if (recipe.movable.defined()) {
    throw Error(ErrorKind::kTask, "training in shards begins anew, which a mask cannot hold");
  }
  const auto start = std::chrono::steady_clock::now();
  const double cost_before = context.cost.sample_gradients();
  const auto sizes = sizes_due(subset);
  double examples = 0;
  for (const auto& [shard, size] : sizes) {
    Model copy = copy_of(model, shard);
    go_back(copy, shard);
    set_copy(model, shard, copy);
    examples += static_cast<double>(size);
  }
  TrainingReport report;
  double squared_norm = 0, done = 0;
  for (const auto& [shard, size] : sizes) {
    Model copy = copy_of(model, shard);
    Context part =
        context_of_stage(context, context.generator, done++, static_cast<double>(sizes.size()));
    const TrainingReport own = train_shard(copy, shard, subset, recipe, part);
    context.cost = part.cost;
    set_copy(model, shard, copy);
    note(own, "", report);
    const double weight = static_cast<double>(size) / examples;
    report.epochs = std::max(report.epochs, own.epochs);
    report.loss += weight * own.loss;
    report.objective += weight * own.objective;
    squared_norm += own.gradient_norm * own.gradient_norm;
    if (!goes_on(report.status)) break;
  }
  report.gradient_norm = std::sqrt(squared_norm);
  report.sample_gradients = context.cost.sample_gradients() - cost_before;
  report.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return report;
}

}  // namespace oubli
