// What a method asks of the training of the models that it edits: of the original, and so of the
// oracles that it is held against, which are trained in the same way without what is forgotten.
//
// A method that asks for nothing is handed models trained as the experiment says. One that asks for
// another recipe, such as clipped gradients, has originals, oracles and a noise floor of its own.
// So has one that asks for several copies of the network in the place of one, or for a codebook
// beside a layer of it.
#pragma once

#include <cstdint>
#include <string>

#include "core/nn/ensemble.h"
#include "core/train/recipe.h"

namespace oubli {

// A side memory at the second matrix of an MLP, h.K.mlp.c_proj (core/nn/layers/codebook.h).
struct CodebookPlan {
  std::int64_t layer = -1;   // K; -1: the last one
  std::int64_t entries = 0;  // 0: none
};

struct TrainingPlan {
  TrainingRecipe recipe;
  std::string procedure = "standard";  // training_procedure.h
  Json settings = Json::object();      // of the procedure
  std::int64_t copies = 1;             // of the experiment's network, side by side in one model
  Joining joining = Joining::kMean;    // of their outputs
  CodebookPlan codebook = {};          // of each

  // All that results depend on: equal plans share their models.
  Json to_json() const {
    Json json = {{"recipe", recipe.to_json()}};
    if (procedure != "standard") {
      json["procedure"] = procedure;
      json["settings"] = settings;
    }
    if (copies != 1) {
      json["copies"] = copies;
      json["joining"] = to_string(joining);
    }
    if (codebook.entries > 0) {
      json["codebook"] = {{"layer", codebook.layer}, {"entries", codebook.entries}};
    }
    return json;
  }
};

// What models of the plan are made of, from the experiment's network. Errors: as ensemble_of and
// with_codebook.
Network network_of(const TrainingPlan& plan, const Network& one);

}  // namespace oubli
