#include "core/unlearn/memory_edit.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "core/base/error.h"
#include "core/unlearn/token_losses.h"

namespace oubli {
namespace {

// Of the last edited layer: 17 of 48 in GPT-2 XL, at subjects; where answers are read off, 22 of 32
// in Llama-3-8B (methods/lunar.cpp).
constexpr double kSubjectDepth = 0.35, kAnswerDepth = 0.7;
// Several: a fifth of the layers, as in GPT-2 XL and GPT-J, and no more.
constexpr std::int64_t kMostLayers = 5, kLayersOfOne = 5;

Tensor as_columns(const Tensor& rows) { return rows.to(at::kDouble).t(); }

// -ln p(answer) of each fact, mean over its wordings.
std::vector<double> answer_losses(const Model& model, const FactEdits& edits, CostMeter& cost) {
  const at::NoGradGuard no_grad;
  cost.add_forwards(edits.rows.numel());
  return as_vector<double>(
      edits.means(token_losses(model.forward(edits.inputs), edits.answers).sum(1)));
}

// One run: the model, what is known of the text, and what came of the searches.
class MemoryEditRun {
 public:
  MemoryEditRun(Model& model, const Task& task, const ValueSearch& search,
                std::vector<LinearMemory> memories, const MemoryEdit::Write& write,
                Context& context)
      : model_(model),
        task_(task),
        search_(search),
        memories_(std::move(memories)),
        write_(write),
        context_(context),
        moments_(moments_of_task(model, memories_, task, context.cost)),
        before_(model.theta().detach().clone()) {}

  // Whether the facts were edited: not where an end was asked for, or the search came to no number.
  bool edit(const FactEdits& facts, UnlearnReport& report) {
    const FoundValues found =
        find_values(model_, memories_.back(), facts, task_.retain, search_, context_);
    if (found.is_stopped) {
      report.status = UnlearnStatus::kStopped;
      report.message = fmt::format("stopped after {} facts", edited_);
      return false;
    }
    if (!at::isfinite(found.delta).all().item<bool>()) {
      report.status = UnlearnStatus::kDiverged;
      report.message = "the search for a value came to no number: lower lr";
      return false;
    }
    Tensor wanted;  // Z
    for (std::size_t k = 0; k < memories_.size(); ++k) write(k, facts, found.delta, wanted);
    edited_ += facts.size();
    searched_.push_back(found.losses);
    lengths_.push_back(found.delta.norm(2, 1));
    return true;
  }

  void describe(UnlearnReport& report) const {
    Json& details = report.details;
    details["moments"] = {{"sha256", checksum(moments_)},
                          {"positions", moments_.front().positions}};
    details["facts_edited"] = edited_;
    if (edited_ > 0) {
      details["loss_searched"] = as_vector<double>(at::cat(searched_));
      details["value_change"] = as_vector<double>(at::cat(lengths_));
    }
    details["layers"] = Json::array();
    details["relative_change"] = Json::array();
    for (const LinearMemory& memory : memories_) {
      const Tensor was = memory.take(before_).to(at::kDouble);
      const Tensor is = memory.take(model_.theta().detach()).to(at::kDouble);
      details["layers"].push_back(memory.layer);
      details["relative_change"].push_back(((is - was).norm() / was.norm()).item<double>());
    }
    report.state = std::make_shared<MethodState>(state_of(moments_, memories_));
  }

 private:
  void write(std::size_t k, const FactEdits& facts, const Tensor& delta, Tensor& wanted) {
    const auto contents = read_memories(model_, {memories_[k], memories_.back()}, facts.inputs,
                                        facts.places(search_.token), context_.cost);
    const Tensor stream = facts.means(contents[1].stream.to(at::kDouble));
    if (k == 0) wanted = stream + delta;
    const auto left = static_cast<double>(memories_.size() - k);
    const MemoryRequest request{.place = k,
                                .memory = memories_[k],
                                .text = moments_[k],
                                .keys = facts.means(contents[0].keys.to(at::kDouble)).t(),
                                .first_keys = as_columns(facts.first(contents[0].keys)),
                                .residual = (k == 0 ? delta : wanted - stream).t() / left};
    memories_[k].add(model_, write_(request));
  }

  Model& model_;
  const Task& task_;
  const ValueSearch& search_;
  std::vector<LinearMemory> memories_;
  const MemoryEdit::Write& write_;
  Context& context_;
  std::vector<KeyMoments> moments_;
  Tensor before_;
  std::int64_t edited_ = 0;
  Tensors searched_, lengths_;
};

}  // namespace

std::vector<std::int64_t> default_layers(std::int64_t layers, EditedToken token, bool several) {
  const double depth = token == EditedToken::kSubject ? kSubjectDepth : kAnswerDepth;
  const auto last = static_cast<std::int64_t>(depth * static_cast<double>(layers));
  const std::int64_t count =
      several ? std::clamp<std::int64_t>(layers / kLayersOfOne, 1, kMostLayers) : 1;
  std::vector<std::int64_t> chosen;
  for (std::int64_t layer = last - count + 1; layer <= last; ++layer) chosen.push_back(layer);
  return chosen;
}

std::vector<std::int64_t> read_edited_layer(const Settings& settings, const std::string& doc) {
  const std::int64_t layer =
      settings.integer("layer", {.default_value = -1, .at_least = -1, .at_most = 1000, .doc = doc});
  return layer < 0 ? std::vector<std::int64_t>{} : std::vector<std::int64_t>{layer};
}

std::vector<LinearMemory> edited_memories(const Model& model,
                                          const std::vector<std::int64_t>& layers,
                                          EditedToken token, bool several) {
  std::vector<LinearMemory> memories;
  for (const std::int64_t layer :
       layers.empty() ? default_layers(memory_layers(model), token, several) : layers) {
    memories.push_back(LinearMemory::of(model, layer));
  }
  return memories;
}

MemoryEdit MemoryEdit::read(const Settings& settings, const Defaults& defaults) {
  MemoryEdit edit;
  edit.defaults_ = defaults;
  if (defaults.takes_layers) {
    edit.layers_ = settings.integers(
        "layers", {{}},
        {.at_least = 0,
         .at_most = 1000,
         .doc =
             "whose MLPs are edited, from 0; none: a fifth of all, five at most, that end at 0.7 "
             "of the depth, or at a third where subjects are edited"});
    std::sort(edit.layers_.begin(), edit.layers_.end());
  } else {
    edit.layers_ = read_edited_layer(settings,
                                     "whose MLP is edited, from 0; -1: that at 0.7 of the depth, "
                                     "or at a third where subjects are edited");
  }
  edit.values_ = ValueSearch::read(settings, defaults.values);
  edit.removed_answer_ = read_removed_answer(settings);
  return edit;
}

std::optional<double> MemoryEdit::estimate_cost(const Task& task) const {
  if (values_.essence_is_facts) return std::nullopt;
  const auto sentences = static_cast<double>(task.forget.size() + task.added.size());
  const double passes = 2 * static_cast<double>(values_.steps + 1) + 4 +
                        static_cast<double>(std::max<std::size_t>(kMostLayers, layers_.size()));
  return static_cast<double>(task.retain.size()) / 3 + sentences * passes / 3;
}

std::vector<LinearMemory> MemoryEdit::memories(const Model& model) const {
  const std::int64_t layers = memory_layers(model);
  std::vector<LinearMemory> found =
      edited_memories(model, layers_, values_.token, defaults_.takes_layers);
  for (const LinearMemory& memory : found) {
    if (memory.layer < layers - 1 || values_.token == EditedToken::kAnswer) continue;
    throw Error(ErrorKind::kTask,
                fmt::format("what the MLP of layer {} writes at a subject is read by no later "
                            "position, since it is the last one: {}",
                            memory.layer,
                            layers > 1 ? fmt::format("edit a layer from 0 to {}", layers - 2)
                                       : "editors need two layers at least"));
  }
  return found;
}

UnlearnReport MemoryEdit::run(Model& model, const Task& task, Context& context,
                              const Write& write) const {
  UnlearnReport report;
  report.state = task.state;
  const std::vector<LinearMemory> edited = memories(model);
  const FactEdits facts = fact_edits(task, removed_answer_, model.dtype());
  if (facts.others > 0) report.details["rows_without_a_fact"] = facts.others;
  if (facts.empty()) {
    report.message = "the edit is about no fact";
    return report;
  }
  if (context.should_stop()) {
    report.status = UnlearnStatus::kStopped;
    report.message = "stopped before the first fact";
    return report;
  }
  report.details["facts"] = facts.facts.numel();
  report.details["loss_before"] = answer_losses(model, facts, context.cost);
  MemoryEditRun run(model, task, values_, edited, write, context);
  if (defaults_.one_by_one) {
    for (std::int64_t i = 0; i < facts.size() && run.edit(facts.only(i), report); ++i) {
      context.progress(static_cast<double>(i + 1) / static_cast<double>(facts.size()));
    }
  } else {
    run.edit(facts, report);
  }
  run.describe(report);
  report.details["loss_after"] = answer_losses(model, facts, context.cost);
  return report;
}

}  // namespace oubli
