// GRACE: a codebook beside one layer, which answers where a prompt comes near one that was edited.
//
//   for each sentence of the edit, q the input of h.K.mlp.c_proj where its answer is read off:
//     no key within its radius + r0     new entry: key q, radius r0, value by Adam on -ln p(answer)
//     the nearest key has this answer   its radius grows to reach q
//     it has another                    new entry; both radii become half of the distance
//
// The layer gives the value of an entry in whose ball its input lies (core/nn/layers/codebook.h);
// the rest of the network, and every input outside of all balls, stays as it was, exactly. Source:
// Hartvigsen et al. 2023 (arXiv 2211.11031), algorithm 1. The originals that it edits are trained
// with the empty codebook, which changes nothing but the number of parameters.
//
// Deviations: r0 is `radius` times the length of q, published 1 whatever the layer's scale; a value
// starts from what the layer gives and ends once -ln p(answer) is below `enough`; each wording of a
// fact is an edit, as any prompt is; answers are the same where all their tokens are, where the
// released code compares the means of token numbers. Entries stay for good; their answers are the
// method's state. Cost: two thirds of steps for each sentence.
#include <ATen/ATen.h>
#include <fmt/format.h>

#include <memory>
#include <string>
#include <utility>

#include "core/nn/layers/codebook.h"
#include "core/unlearn/fact_edits.h"
#include "core/unlearn/linear_memory.h"
#include "core/unlearn/unlearner.h"
#include "core/unlearn/value_search.h"

namespace oubli {
namespace {

constexpr const char* kEntryAnswers = "answers of entries";
// A ball that has grown to a query holds it, as float32 models reckon the distance too.
constexpr double kReach = 1 + 1e-5;

// The entries in float64, with the answers that they stand for.
class Entries {
 public:
  Entries(const Model& model, const MethodState* state, std::int64_t positions)
      : codebook_(codebook_of(model)),
        keys_(part(model, codebook_.keys())),
        values_(part(model, codebook_.values())),
        radii_(part(model, codebook_.radii())),
        answers_(at::full({radii_.numel(), positions}, kNoTarget, at::kLong)),
        used_(radii_.gt(0).sum().item<std::int64_t>()) {
    if (state != nullptr) answers_.copy_(state->tensor(kEntryAnswers));
  }

  enum class Change { kNew, kGrown, kNone, kFull };

  Change take(const Tensor& query, const Tensor& value, const Tensor& answer, double radius) {
    if (used_ == 0) return add(query, value, answer, radius);
    const Tensor apart = (keys_.narrow(0, 0, used_) - query).norm(2, 1);
    const auto nearest = apart.argmin().item<std::int64_t>();
    const double distance = apart[nearest].item<double>();
    const double reach = radii_[nearest].item<double>();
    if (distance > reach + radius) return add(query, value, answer, radius);
    if (answers_[nearest].equal(answer)) {
      if (distance <= reach) return Change::kNone;
      radii_[nearest] = distance * kReach;
      return Change::kGrown;
    }
    // A ball that ends before the other's: half the distance would belong to both.
    const double half = distance / 2 * (1 - 1e-6);
    const Change change = add(query, value, answer, half);
    if (change == Change::kNew) radii_[nearest] = half;
    return change;
  }

  std::int64_t used() const { return used_; }
  std::int64_t size() const { return radii_.numel(); }

  void write(Model& model, UnlearnReport& report) const {
    Tensors parts = model.split(model.theta().detach().clone());
    parts[codebook_.keys()].copy_(keys_);
    parts[codebook_.values()].copy_(values_);
    parts[codebook_.radii()].copy_(radii_);
    model.set_theta(model.join(parts));
    MethodState state;
    state.tensors.emplace_back(kEntryAnswers, answers_);
    report.state = std::make_shared<MethodState>(std::move(state));
  }

  static const Codebook& codebook_of(const Model& model) {
    const auto* codebook = dynamic_cast<const Codebook*>(&model.network());
    if (codebook != nullptr) return *codebook;
    throw Error(ErrorKind::kTask,
                "grace writes into a codebook, and the model has none: an original that is given "
                "must have been trained with one");
  }

 private:
  static Tensor part(const Model& model, std::size_t number) {
    return model.parameters()[number].detach().to(at::kDouble, /*non_blocking=*/false,
                                                  /*copy=*/true);
  }

  Change add(const Tensor& query, const Tensor& value, const Tensor& answer, double radius) {
    if (used_ == size()) return Change::kFull;
    keys_[used_].copy_(query);
    values_[used_].copy_(value);
    radii_[used_] = radius;
    answers_[used_].copy_(answer);
    ++used_;
    return Change::kNew;
  }

  const Codebook& codebook_;
  Tensor keys_, values_, radii_;
  Tensor answers_;  // int64 [entries, positions]: tokens, then kNoTarget
  std::int64_t used_;
};

class Grace : public Unlearner {
 public:
  explicit Grace(const Settings& settings) {
    layer_ = settings.integer("layer", {.default_value = -1,
                                        .at_least = -1,
                                        .at_most = 1000,
                                        .doc = "whose MLP has the codebook, from 0; -1: the last"});
    entries_ = settings.integer("entries", {.default_value = 100,
                                            .at_least = 1,
                                            .at_most = 1'000'000,
                                            .doc = "that the codebook has room for"});
    radius_ = settings.real(
        "radius",
        {.default_value = 0.2, .above = 0, .doc = "of a new entry, over its key's length"});
    search_.lr =
        settings.real("lr", {.default_value = 1, .above = 0, .doc = "of Adam, for values"});
    search_.steps =
        settings.integer("steps", {.default_value = 100, .at_least = 0, .doc = "of it, at most"});
    search_.enough = settings.real(
        "enough", {.default_value = 0.05,
                   .at_least = 0,
                   .doc = "the search for a value ends once -ln p(answer) is below this"});
    search_.clamp = kUnbounded;
    search_.weight_decay = search_.kl = 0;
    removed_answer_ = read_removed_answer(settings);
  }

  TrainingPlan training_plan(TrainingPlan standard) const override {
    standard.codebook = {.layer = layer_, .entries = entries_};
    return standard;
  }

  std::optional<double> estimate_cost(const Task& task) const override {
    const auto sentences = static_cast<double>(task.forget.size() + task.added.size());
    return sentences * (2 * static_cast<double>(search_.steps) + 3) / 3;
  }

  void require(const Task& task) const override { fact_edits(task, removed_answer_, at::kFloat); }

  UnlearnReport unlearn(Model& model, const Task& task, Context& context) const override {
    UnlearnReport report;
    report.state = task.state;
    const Codebook& codebook = Entries::codebook_of(model);
    const FactEdits facts = fact_edits(task, removed_answer_, model.dtype()).by_sentence();
    if (facts.empty()) {
      report.message = "the edit is about no fact";
      return report;
    }
    const LinearMemory memory = memory_of(model, codebook);
    const FoundValues found = find_values(model, memory, facts, task.retain, search_, context);
    if (found.is_stopped) {
      report.status = UnlearnStatus::kStopped;
      return report;
    }
    const MemoryContents contents =
        read_memories(model, {memory}, facts.inputs, facts.answer_begin, context.cost).front();
    write(model, facts, contents, found, task, report);
    return report;
  }

 private:
  static LinearMemory memory_of(const Model& model, const Codebook& codebook) {
    for (std::int64_t layer = 0; layer < memory_layers(model); ++layer) {
      const LinearMemory memory = LinearMemory::of(model, layer);
      if (memory.weight == codebook.weight()) return memory;
    }
    throw Error(ErrorKind::kUsage, "the codebook stands at another layer than an MLP's second");
  }

  void write(Model& model, const FactEdits& facts, const MemoryContents& contents,
             const FoundValues& found, const Task& task, UnlearnReport& report) const {
    const Tensor queries = contents.keys.to(at::kDouble);
    const Tensor values = contents.values.to(at::kDouble) + found.delta;
    Entries entries(model, task.state.get(), facts.answers.size(1));
    std::int64_t added = 0, grown = 0, left = 0;
    for (std::int64_t i = 0; i < facts.size(); ++i) {
      const double radius = radius_ * queries[i].norm().item<double>();
      const auto change = entries.take(queries[i], values[i], answer_of(facts.answers[i]), radius);
      added += change == Entries::Change::kNew ? 1 : 0;
      grown += change == Entries::Change::kGrown ? 1 : 0;
      left += change == Entries::Change::kFull ? 1 : 0;
    }
    entries.write(model, report);
    report.details["sentences"] = facts.size();
    report.details["new_entries"] = added;
    report.details["grown_entries"] = grown;
    report.details["entries_used"] = entries.used();
    if (left == 0) return;
    report.status = UnlearnStatus::kPartial;
    report.message = fmt::format(
        "the codebook is full: {} of {} sentences have no entry; raise "
        "entries ({})",
        left, facts.size(), entries.size());
  }

  // The tokens first, whatever position they are asked at.
  static Tensor answer_of(const Tensor& asked) {
    const Tensor tokens = asked.masked_select(asked.ge(0));
    Tensor answer = at::full_like(asked, kNoTarget);
    answer.narrow(0, 0, tokens.numel()).copy_(tokens);
    return answer;
  }

  std::int64_t layer_ = -1;
  std::int64_t entries_ = 100;
  double radius_ = 0;
  ValueSearch search_;
  std::string removed_answer_;
};

}  // namespace

MethodInfo grace_method() {
  return {
      .name = "grace",
      .summary =
          "answers edited prompts from a codebook, and leaves all others exactly as they were",
      .reference = "Hartvigsen et al. 2023, arXiv 2211.11031",
      .definition =
          "The output of h.`layer`.mlp.c_proj at input x is v_i where x lies within radius r_i of "
          "key k_i, the nearest one. For each wording of each fact of the edit, q the input at the "
          "last token before the answer, v the output there plus delta, found by Adam on -ln "
          "p(answer) from 0: where q is farther from the nearest key than its radius + r0, r0 = "
          "radius |q|, a new entry (q, v, r0); else, where that key has the same answer, its "
          "radius "
          "grows to |q - k|; else a new entry, and both radii become |q - k| / 2. Originals and "
          "oracles have the codebook, empty.",
      .needs_retain_data = false,
      .supports_adding = true,
      .takes_labels = false,
      .takes_sequences = true,
      .version = 2,  // a ball that has grown to a query holds it in float32 too
      .make = make_unlearner<Grace>};
}

}  // namespace oubli
