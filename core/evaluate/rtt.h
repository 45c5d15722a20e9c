// Retraining on T (Deeb and Roger 2024, arXiv 2410.08827): what comes back of forgotten facts when
// the model is taught some of the others.
//
//   forget set = T and V, by facts;   fine-tune on the sentences of T;   ask for V in all wordings
//
// Facts of a world that is drawn are independent of each other: T says nothing about V. What a
// model knows of V behind it, it knew before, however hard its answers were to get; a model that
// never saw either stays at chance. So an oracle is taught as well, and read beside. Teaching T
// alone also harms what is known: the originals, which know V, keep a part of it, and no more can
// come back than that.
//
// The facts are divided by one permutation, the same for all models and experiments of this data
// set and edit: which of a person's relations are in T is drawn. The authors have five parts of
// questions that are asked by choice, teach four of them, and take the best of several learning
// rates; here there is one division and one rate, the answer is generated, and the curve over the
// epochs is kept. The optimiser starts afresh, so that nothing but the parameters carries over.
#pragma once

#include <cstdint>
#include <vector>

#include "core/base/context.h"
#include "core/base/settings.h"
#include "core/data/dataset.h"
#include "core/nn/model.h"
#include "core/train/descent_settings.h"

namespace oubli {

struct RttSettings {
  DescentSettings steps = {.epochs = 20, .lr = 3e-4, .optimizer = "adam", .batch_size = 32};
  double part = 0.5;  // of the facts, that are taught

  static RttSettings read(const Settings& parent);  // `rtt: {part: 0.5, epochs: 20, lr: 3e-4}`
};

// Rows of a forget set.
struct TaughtAndJudged {
  Tensor taught;  // int64, of T
  Tensor judged;  // of V, and with them held-out wordings of V; both may be empty
};

// `forget` and `reworded`: sentences that state facts, as training saw them and in held-out
// wordings. Each part has one fact or more where there are two. Other sentences are left out.
TaughtAndJudged divide_facts(const Dataset& data, const Tensor& forget, const Tensor& reworded,
                             double part);

// Entry e after e epochs of teaching; entry 0 is the model as it was.
struct RttCurve {
  std::vector<double> recall, loss;   // of V: share of answers that are said; nats an answer token
  std::vector<double> taught_recall;  // of T
};

// The model is another one afterwards. Ends early where the loss is no longer finite: the curve
// ends there, in a value that is not a number. Cost: epochs |T| sample-gradients, on the context's
// meter.
RttCurve retrain_on_part(Model& model, const std::shared_ptr<const Dataset>& data,
                         const TaughtAndJudged& rows, const TrainingRecipe& recipe,
                         Context& context);

}  // namespace oubli
