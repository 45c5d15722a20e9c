// The steps of a method, as its YAML writes them; what it leaves out is as in training.
//
//   scrub: {epochs: 10, optimizer: adam, lr: 5.0e-4, batch_size: 32, schedule: {name: step}}
//
// Every gradient method reads these keys, so that they mean the same everywhere and one sweep fits
// all. The objective with its l2, augmentation, clipping and the treatment of a last batch are
// those of training, unless the method says otherwise.
#pragma once

#include <cstdint>
#include <string>

#include "core/base/settings.h"
#include "core/train/recipe.h"

namespace oubli {

struct DescentSettings {
  std::int64_t epochs = 10;
  double lr = 0.01;
  std::string optimizer = "sgd";  // sgd, adam, adamw
  double momentum = 0.9;          // sgd
  double weight_decay = 0.01;     // adamw: decoupled
  std::int64_t batch_size = 0;    // 0: as in training
  Schedule schedule = {};

  // `defaults`: the authors' values. `set`: what an epoch is a pass over.
  static DescentSettings read(const Settings& settings, const DescentSettings& defaults,
                              const std::string& set = "the retain set");
  // Training's recipe with these steps, in orders of their own.
  TrainingRecipe recipe(const TrainingRecipe& training) const;
};

}  // namespace oubli
