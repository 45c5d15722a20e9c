// LUNAR: where facts to be forgotten are asked for, the model is to be as it is where it knows
// nothing.
//
//   d   = mean stream of prompts about made-up subjects - mean stream of prompts to forget
//   D   = argmin |D K - coefficient d 1'|^2 + w |D K_r|^2 + mu |D|^2
//       = coefficient d (K 1)' (K K' + w K_r K_r' + mu I)^-1,   W <- W + D
//
// with K [in, m] the keys of one layer's memory at the last token of each prompt to forget, K_r
// those at all positions of what remains, stream: the residual stream behind that layer at a
// prompt's last token. Source: Shen et al. 2025 (arXiv 2502.07218), who point towards prompts that
// a chat model refuses, and fit W by AdamW; the fit is linear least squares, and is solved here.
//
// A model of facts refuses nothing: what it says of people that no sentence is about stands for it.
// Made-up subjects: the prompts to forget with the last token of the subject replaced by another
// subject's, so that no sentence has the two last tokens one after the other; `draws` for each
// prompt, from the stream "subjects". Theirs weighs every position alike; here w = retain_weight m
// / (positions), so that what remains counts as a whole, whatever the sizes.
//
// Published is a coefficient of 2; of ten facts in a model of two layers it leaves three quarters,
// and 4 one in ten.
//
// Removes only. Cost: n_r / 3, and (1 + draws) m / 3.
#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>
#include <vector>

#include "core/unlearn/key_moments.h"
#include "core/unlearn/linear_memory.h"
#include "core/unlearn/memory_edit.h"
#include "core/unlearn/memory_writes.h"
#include "core/unlearn/unlearner.h"

namespace oubli {
namespace {

// Names of subjects by their last two tokens, or by the token before and the only one.
class SubjectNames {
 public:
  explicit SubjectNames(const Task& task) : data_(*task.retain.dataset) {
    std::set<std::int64_t> lasts;
    for (const Subset* subset : {&task.retain, &task.forget}) {
      const Tensor ends = data_.sequences.subject_end.index_select(0, subset->rows);
      const Tensor named = ends.ge(1), places = ends.index({named}).unsqueeze(1);
      const Tensor inputs = data_.inputs.index_select(0, subset->rows.index({named}));
      const auto at = [&](const Tensor& where) {
        return as_vector<std::int64_t>(inputs.gather(1, where).squeeze(1).to(at::kLong));
      };
      const std::vector<std::int64_t> before = at(places - 1), last = at(places);
      lasts.insert(last.begin(), last.end());
      for (std::size_t i = 0; i < last.size(); ++i) known_.insert({before[i], last[i]});
    }
    lasts_.assign(lasts.begin(), lasts.end());
  }

  // Whether a subject can be made up for one of the prompts.
  bool can_make_up(const Subset& prompts) const {
    for (std::int64_t i = 0; i < prompts.size(); ++i) {
      if (!strangers_to(prompts.rows[i].item<std::int64_t>()).empty()) return true;
    }
    return false;
  }

  // Prompts about made-up subjects [k, positions] and the positions where each ends [k].
  std::pair<Tensor, Tensor> made_up(const Subset& prompts, std::int64_t draws,
                                    Generator generator) const {
    Tensors inputs;
    std::vector<std::int64_t> ends;
    for (std::int64_t i = 0; i < prompts.size(); ++i) {
      const std::int64_t row = prompts.rows[i].item<std::int64_t>();
      const std::vector<std::int64_t> strangers = strangers_to(row);
      if (strangers.empty()) continue;
      const Tensor drawn =
          generator.integers(0, static_cast<std::int64_t>(strangers.size()), {draws});
      for (std::int64_t k = 0; k < draws; ++k) {
        Tensor prompt = data_.inputs[row].clone();
        prompt[end_of(row)] = strangers[static_cast<std::size_t>(drawn[k].item<std::int64_t>())];
        inputs.push_back(prompt);
        ends.push_back(data_.sequences.answer_begin[row].item<std::int64_t>());
      }
    }
    return {at::stack(inputs), at::tensor(ends, at::kLong)};
  }

 private:
  std::int64_t end_of(std::int64_t row) const {
    return data_.sequences.subject_end[row].item<std::int64_t>();
  }
  std::int64_t token(std::int64_t row, std::int64_t at) const {
    return data_.inputs[row][at].item<std::int64_t>();
  }
  // Last tokens that no subject has behind the token before this row's.
  std::vector<std::int64_t> strangers_to(std::int64_t row) const {
    std::vector<std::int64_t> found;
    if (end_of(row) < 1) return found;
    const std::int64_t before = token(row, end_of(row) - 1);
    for (const std::int64_t last : lasts_) {
      if (!known_.contains({before, last})) found.push_back(last);
    }
    return found;
  }

  const Dataset& data_;
  std::vector<std::int64_t> lasts_;
  std::set<std::pair<std::int64_t, std::int64_t>> known_;
};

class Lunar : public Unlearner {
 public:
  explicit Lunar(const Settings& settings) {
    layer_ = read_edited_layer(
        settings, "whose second MLP matrix is fitted, from 0; -1: that at 0.7 of the depth");
    coefficient_ = settings.real("coefficient", {.default_value = 4, .doc = "of the direction"});
    retain_weight_ = settings.real(
        "retain_weight", {.default_value = 1,
                          .above = 0,
                          .doc = "of what remains as a whole, over the prompts to forget"});
    ridge_ = settings.real("ridge", {.default_value = 1e-4,
                                     .above = 0,
                                     .doc = "added to the weighted moments of what remains, over "
                                            "their mean diagonal"});
    draws_ = settings.integer("draws", {.default_value = 4,
                                        .at_least = 1,
                                        .at_most = 1000,
                                        .doc = "made-up subjects for each prompt"});
  }

  std::optional<double> estimate_cost(const Task& task) const override {
    return static_cast<double>(task.retain.size() + (2 + draws_) * task.forget.size()) / 3;
  }

  void require(const Task& task) const override {
    if (task.forget.empty()) return;
    const Sequences& sequences = task.forget.dataset->sequences;
    if (sequences.fact.index_select(0, task.forget.rows).lt(0).all().item<bool>()) {
      throw Error(
          ErrorKind::kTask,
          fmt::format("lunar is about subjects that sentences state facts of, and no row of "
                      "'{}' that is to be forgotten states one: a data source of facts "
                      "has such rows, as biographies",
                      task.forget.dataset->name));
    }
    if (SubjectNames(task).can_make_up(task.forget)) return;
    throw Error(ErrorKind::kTask,
                "lunar makes up subjects of which nothing is known, and finds none: names of "
                "subjects need two words at least that can be combined otherwise");
  }

  UnlearnReport unlearn(Model& model, const Task& task, Context& context) const override {
    UnlearnReport report;
    const LinearMemory memory = edited_memories(model, layer_).front();
    if (task.forget.empty()) {
      report.message = "nothing is to be forgotten";
      return report;
    }
    if (context.should_stop()) {
      report.status = UnlearnStatus::kStopped;
      return report;
    }
    require(task);
    const Subset& forget = task.forget;
    const Batch batch = forget.batch(0, forget.size(), model.dtype());
    const MemoryContents known =
        read(model, memory, batch.inputs,
             forget.dataset->sequences.answer_begin.index_select(0, forget.rows), context);
    const auto [inputs, ends] =
        SubjectNames(task).made_up(forget, draws_, context.generator.stream("subjects"));
    const MemoryContents unknown = read(model, memory, inputs.to(model.dtype()), ends, context);
    const Tensor direction = unknown.stream.mean(0) - known.stream.mean(0);
    const KeyMoments text = key_moments(model, {memory}, task.retain, context.cost).front();
    const Tensor keys = known.keys.t();
    const Tensor wanted = (coefficient_ * direction).unsqueeze(1).expand({-1, keys.size(1)});
    const Tensor c = static_cast<double>(keys.size(1)) * retain_weight_ * text.mean(ridge_);
    const Tensor change = ridge_write(c, keys, wanted);
    memory.add(model, change);
    report.details["layer"] = memory.layer;
    report.details["direction_norm"] = direction.norm().item<double>();
    report.details["share_missed"] =
        number_or_null(((change.mm(keys) - wanted).norm() / wanted.norm()).item<double>());
    report.details["relative_change"] =
        (change.norm() / memory.take(model.theta().detach()).norm()).item<double>();
    return report;
  }

 private:
  // float64
  static MemoryContents read(const Model& model, const LinearMemory& memory, const Tensor& inputs,
                             const Tensor& at, Context& context) {
    const MemoryContents contents =
        read_memories(model, {memory}, inputs, at, context.cost).front();
    return {contents.keys.to(at::kDouble), contents.values.to(at::kDouble),
            contents.stream.to(at::kDouble)};
  }

  std::vector<std::int64_t> layer_;  // none: the default one
  double coefficient_ = 4;
  double retain_weight_ = 1;
  double ridge_ = 1e-4;
  std::int64_t draws_ = 4;
};

}  // namespace

MethodInfo lunar_method() {
  return {
      .name = "lunar",
      .summary = "turns one MLP, where forgotten facts are asked for, to how it is for strangers",
      .reference = "Shen et al. 2025, arXiv 2502.07218",
      .definition =
          "W = h.`layer`.mlp.c_proj.weight [out, d]: W += D, D = R K' (K K' + C)^-1. Columns of K: "
          "inputs of W at the last token before the answer of each of the m sentences to forget; "
          "of "
          "R: coefficient (mean residual stream behind the layer there, of the same prompts with a "
          "made-up subject, minus that of the prompts themselves). C = m retain_weight (C0 + ridge "
          "mean(diag C0) I), C0 the mean of k k' over the positions of what remains. A made-up "
          "subject: another subject's last token in the place of the subject's, where no sentence "
          "has it behind the token before; `draws` for each sentence.",
      .supports_adding = false,
      .takes_labels = false,
      .takes_sequences = true,
      .make = make_unlearner<Lunar>};
}

}  // namespace oubli
