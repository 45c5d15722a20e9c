#include "core/unlearn/value_search.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <fmt/format.h>
#include <torch/csrc/autograd/autograd.h>

#include <set>
#include <vector>

#include "core/base/error.h"
#include "core/train/optimizer.h"
#include "core/unlearn/token_losses.h"

namespace oubli {
namespace {

// Places where the model is to go on saying what it says: rows of the batch below, and positions.
struct Essence {
  Subset sentences;  // behind those of the edit; may be empty
  Tensor request;    // int64 [e], which fact each place belongs to
  Tensor row, at;    // int64 [e]
};

Essence at_nothing(const Subset& text) {
  const Tensor none = at::empty({0}, at::kLong);
  return {text.with_rows(none), none, none, none};
}

Essence at_subjects(const FactEdits& edits, const Subset& text) {
  return {text.with_rows(at::empty({0}, at::kLong)), edits.request, at::arange(edits.rows.numel()),
          edits.subject_end};
}

// One sentence of each other fact of the subjects.
Essence at_other_facts(const FactEdits& edits, const Subset& text) {
  const Dataset& data = *text.dataset;
  if (data.id_column.empty() || !data.columns.at(data.id_column).is_text()) {
    throw Error(ErrorKind::kTask,
                fmt::format("essence: facts needs to know which sentences of '{}' "
                            "are about one subject; choose `essence: subject`",
                            data.name));
  }
  const std::vector<std::int32_t>& subject_of = data.columns.at(data.id_column).level_of;
  const auto* fact_of = data.sequences.fact.const_data_ptr<std::int64_t>();
  std::vector<std::int64_t> rows, requests;
  const Tensor firsts = edits.first(edits.rows);
  for (std::int64_t i = 0; i < edits.size(); ++i) {
    const std::int32_t subject =
        subject_of[static_cast<std::size_t>(firsts[i].item<std::int64_t>())];
    std::set<std::int64_t> seen;
    for (std::int64_t k = 0; k < edits.size(); ++k) {
      seen.insert(edits.facts[k].item<std::int64_t>());
    }
    for (std::int64_t k = 0; k < text.size(); ++k) {
      const std::int64_t row = text.rows.const_data_ptr<std::int64_t>()[k];
      if (subject_of[static_cast<std::size_t>(row)] != subject || fact_of[row] < 0) continue;
      if (!seen.insert(fact_of[row]).second) continue;
      rows.push_back(row);
      requests.push_back(i);
    }
  }
  Essence essence;
  essence.sentences = text.with_rows(at::tensor(rows, at::kLong));
  essence.request = at::tensor(requests, at::kLong);
  essence.row = edits.rows.numel() + at::arange(essence.request.numel());
  essence.at = data.sequences.answer_begin.index_select(0, essence.sentences.rows);
  return essence;
}

Essence essence_of(const FactEdits& edits, const Subset& text, const ValueSearch& search) {
  if (search.kl == 0 || search.token == EditedToken::kAnswer) return at_nothing(text);
  return search.essence_is_facts ? at_other_facts(edits, text) : at_subjects(edits, text);
}

class Search {
 public:
  Search(const Model& model, const LinearMemory& memory, const FactEdits& edits, const Subset& text,
         const ValueSearch& search, Context& context)
      : model_(model), memory_(memory), edits_(edits), search_(search), context_(context) {
    essence_ = essence_of(edits, text, search);
    const std::int64_t others = essence_.sentences.size();
    inputs_ = edits.inputs;
    request_ = edits.request;
    place_ = edits.places(search.token);
    if (others > 0) {
      const Tensor& ends = text.dataset->sequences.subject_end;
      inputs_ = at::cat({inputs_, essence_.sentences.batch(0, others, model.dtype()).inputs});
      request_ = at::cat({request_, essence_.request});
      place_ = at::cat({place_, ends.index_select(0, essence_.sentences.rows)});
    }
    const Tensor is_place = at::arange(inputs_.size(1)).unsqueeze(0).eq(place_.unsqueeze(1));
    is_place_ = is_place.to(inputs_.scalar_type()).unsqueeze(2);
    wordings_ = averaging_over(edits.request, edits.size(), inputs_);
    places_ = averaging_over(essence_.request, edits.size(), inputs_);
  }

  FoundValues run() {
    const Tensor size = sizes();  // |u|
    Tensor delta = at::zeros({edits_.size(), memory_.out}, inputs_.options());
    Tensor is_done = at::zeros({edits_.size()}, at::kBool);
    const auto adam = make_optimizer({.name = "adam", .lr = search_.lr});
    FoundValues found;
    for (std::int64_t step = 0;; ++step) {
      if (context_.should_stop()) {
        found.is_stopped = true;
        return found;
      }
      const bool is_last = step == search_.steps;
      const Tensor at_delta = delta.detach().requires_grad_(!is_last);
      const Tensor loss = losses(at_delta, size, found.losses, !is_last);
      is_done = is_done | found.losses.lt(search_.enough);
      if (is_last || is_done.all().item<bool>()) break;
      Tensor gradient = torch::autograd::grad({loss.sum()}, {at_delta})[0];
      Tensor next = delta.clone();
      adam->step(next, gradient, search_.lr);
      next = clamped(next, search_.clamp * size);
      delta = at::where(is_done.unsqueeze(1), delta, next);
    }
    found.delta = delta.to(at::kDouble);
    found.losses = found.losses.to(at::kDouble);
    return found;
  }

 private:
  Tensor sizes() {
    const auto contents = read_memories(model_, {memory_}, edits_.inputs,
                                        edits_.places(search_.token), context_.cost);
    return edits_.means(search_.is_of_stream ? contents[0].stream : contents[0].values).norm(2, 1);
  }

  static Tensor clamped(const Tensor& delta, const Tensor& most) {
    const Tensor norm = delta.norm(2, 1);
    return delta * at::where(norm > most, most / norm, at::ones_like(norm)).unsqueeze(1);
  }

  Tensor outputs_with(const Tensor& delta) const {
    const Tensor step = is_place_ * delta.index_select(0, request_).unsqueeze(1);
    return model_.forward(inputs_, [&](std::size_t weight, const Tensor&, const Tensor& output) {
      return weight == memory_.weight ? output + step : output;
    });
  }

  // What is descended, for each fact [r]; `nll`: -ln p(answer) of it.
  Tensor losses(const Tensor& delta, const Tensor& size, Tensor& nll, bool with_gradient) {
    const c10::AutoGradMode gradients(with_gradient);
    const Tensor outputs = outputs_with(delta);
    const std::int64_t n = edits_.rows.numel();
    const Tensor each = token_losses(outputs.narrow(0, 0, n), edits_.answers).sum(1);
    const Tensor means = wordings_.mv(each);
    nll = means.detach();
    if (with_gradient) {
      context_.cost.add_products(2, inputs_.size(0));
    } else {
      context_.cost.add_forwards(inputs_.size(0));
    }
    return means + search_.kl * drift(outputs) +
           search_.weight_decay * delta.norm(2, 1) / size.square();
  }

  // KL(p || p at the start), mean over the places of each fact.
  Tensor drift(const Tensor& outputs) {
    if (essence_.row.numel() == 0) return at::zeros({edits_.size()}, outputs.options());
    const Tensor here = outputs.index({essence_.row, essence_.at}).log_softmax(1);
    if (!start_.defined()) start_ = here.detach();
    return places_.mv((here.exp() * (here - start_)).sum(1));
  }

  const Model& model_;
  const LinearMemory& memory_;
  const FactEdits& edits_;
  const ValueSearch& search_;
  Context& context_;
  Essence essence_;
  Tensor inputs_, request_, place_;  // of the edit's sentences and the essence's
  Tensor is_place_;                  // [n, positions, 1] of 0 and 1
  Tensor wordings_, places_;
  Tensor start_;  // log-probabilities at the essence's places
};

}  // namespace

ValueSearch ValueSearch::read(const Settings& settings, const ValueSearch& defaults) {
  ValueSearch s = defaults;
  s.token =
      settings.choice(
          "token", {.default_value = defaults.token == EditedToken::kSubject ? "subject" : "answer",
                    .valid = {"subject", "answer"},
                    .doc = "where a sentence is edited: at the subject's last token, or at "
                           "the last one before the answer"}) == "subject"
          ? EditedToken::kSubject
          : EditedToken::kAnswer;
  s.lr = settings.real("lr", {.default_value = defaults.lr,
                              .above = 0,
                              .doc = "of Adam, which searches the value to be written"});
  s.steps = settings.integer(
      "steps", {.default_value = defaults.steps, .at_least = 0, .doc = "of that search, at most"});
  s.clamp = settings.real(
      "clamp", {.default_value = defaults.clamp,
                .above = 0,
                .doc = fmt::format("longest change of the value, over the length of {}",
                                   defaults.is_of_stream ? "the residual stream behind the layer"
                                                         : "the value as it was")});
  s.weight_decay = settings.real("weight_decay", {.default_value = defaults.weight_decay,
                                                  .at_least = 0,
                                                  .doc = "weight of the change's length over the "
                                                         "square of that"});
  s.kl = settings.real("kl", {.default_value = defaults.kl,
                              .at_least = 0,
                              .doc = "weight of the divergence at the essence from what was"});
  s.essence_is_facts =
      settings.choice(
          "essence",
          {.default_value = defaults.essence_is_facts ? "facts" : "subject",
           .valid = {"subject", "facts"},
           .doc = "what else the subject stands for: what comes next behind its name, or "
                  "the answers of its other facts"}) == "facts";
  s.enough = settings.real("enough", {.default_value = defaults.enough,
                                      .at_least = 0,
                                      .doc = "a search ends once -ln p(answer) is below this"});
  return s;
}

FoundValues find_values(const Model& model, const LinearMemory& memory, const FactEdits& edits,
                        const Subset& text, const ValueSearch& search, Context& context) {
  return Search(model, memory, edits, text, search, context).run();
}

}  // namespace oubli
