// What editors of a linear memory have in common: for a group of facts at once, or for one fact
// after another,
//
//   delta   the changes of values at the last of the layers L that make the model answer as asked
//           (value_search.h); Z = h + delta, h the residual stream there
//   for each layer l of L, in order:
//     K     the keys at the edited tokens, means over the wordings of each fact
//     R     (Z - h) / (layers left), with h as it is by now
//     W_l += write(K, R)
//
// so that a layer writes its share of what is missing, and later ones what earlier ones did not
// reach. With one layer R is delta. Source: Meng et al. 2023 (arXiv 2210.07229), algorithm 1.
// Theirs reads keys as means over texts put in front of one prompt, and h at the prompt; here both
// are means over the wordings.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "core/unlearn/key_moments.h"
#include "core/unlearn/report.h"
#include "core/unlearn/value_search.h"

namespace oubli {

// One layer's part of the work.
struct MemoryRequest {
  std::size_t place = 0;  // of the layer among those that are edited
  const LinearMemory& memory;
  const KeyMoments& text;
  Tensor keys;        // float64 [in, r], means over wordings
  Tensor first_keys;  // float64 [in, r], of each fact's first wording
  Tensor residual;    // float64 [out, r]
};

class MemoryEdit {
 public:
  struct Defaults {
    ValueSearch values = {};
    bool takes_layers = false;  // several: `layers`; else `layer`
    bool one_by_one = false;    // facts one after another
  };
  static MemoryEdit read(const Settings& settings, const Defaults& defaults);

  // At most this many sample-gradients, where that is known before.
  std::optional<double> estimate_cost(const Task& task) const;

  // Throws Error(kTask) where no facts are stated, or `answer` is no token (fact_edits).
  void require(const Task& task) const { fact_edits(task, removed_answer_, at::kFloat); }

  using Write = std::function<Tensor(const MemoryRequest&)>;
  // The state of the report holds the moments of the text's keys, for the next request.
  UnlearnReport run(Model& model, const Task& task, Context& context, const Write& write) const;
  // The memories that it edits.
  std::vector<LinearMemory> memories(const Model& model) const;

 private:
  Defaults defaults_;
  std::vector<std::int64_t> layers_;  // none: the default ones
  std::string removed_answer_;
  ValueSearch values_;
};

// Reads `layer`: one, or none for -1, the default.
std::vector<std::int64_t> read_edited_layer(const Settings& settings, const std::string& doc);

// The memories of these layers; of the default ones where none are named.
std::vector<LinearMemory> edited_memories(const Model& model,
                                          const std::vector<std::int64_t>& layers,
                                          EditedToken token = EditedToken::kAnswer,
                                          bool several = false);

// The layers that are edited where none are named, of a model with so many: the last one at a third
// of the depth, as published, where subjects are edited, at 0.7 of it where answers are read off;
// of several those before it, a fifth of all in number and five at most.
std::vector<std::int64_t> default_layers(std::int64_t layers, EditedToken token, bool several);

}  // namespace oubli
