// What a method asks of the training of the models that it edits: of the original, and so of the
// oracles that it is held against, which are trained in the same way without what is forgotten.
//
// A method that asks for nothing is handed models trained as the experiment says. One that asks for
// another recipe, such as clipped gradients, has originals, oracles and a noise floor of its own.
#pragma once

#include <string>

#include "core/train/recipe.h"

namespace oubli {

struct TrainingPlan {
  TrainingRecipe recipe;
  std::string procedure = "standard";  // training_procedure.h
  Json settings = Json::object();      // of the procedure

  // All that results depend on: equal plans share their models.
  Json to_json() const {
    Json json = {{"recipe", recipe.to_json()}};
    if (procedure != "standard") {
      json["procedure"] = procedure;
      json["settings"] = settings;
    }
    return json;
  }
};

}  // namespace oubli
