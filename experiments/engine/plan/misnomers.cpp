#include "experiments/engine/plan/misnomers.h"

#include <fmt/format.h>

namespace oubli {
namespace {

// What people write in place of a key, with what they mean.
struct Misnomer {
  const char* word;
  const char* meant;
};
constexpr Misnomer kMisnomers[] = {
    {"forget", "what is removed is `edit: {remove: {random: {fraction: 0.1}}}`"},
    {"forget_set", "what is removed is `edit: {remove: {random: {fraction: 0.1}}}`"},
    {"remove", "it stands under 'edit', as `edit: {remove: {random: {fraction: 0.1}}}`"},
    {"add", "it stands under 'edit', as `edit: {add: {random: {fraction: 0.1}}}`"},
    {"unlearn", "methods are a list, as `methods: [finetune, newton]`"},
    {"method", "methods are a list, as `methods: [finetune, newton]`"},
    {"dataset", "the data set is `data: {name: digits}`"},
    {"architecture", "the network is `model: {name: mlp}`"},
    {"network", "the network is `model: {name: mlp}`"},
    {"training", "how models are trained stands under 'train'"},
    {"epochs", "it stands under 'train', as `train: {epochs: 10}`"},
    {"lr", "it stands under train.optimizer, as `train: {optimizer: {name: sgd, lr: 0.1}}`"},
    {"optimizer", "it stands under 'train', as `train: {optimizer: {name: sgd, lr: 0.1}}`"},
    {"batch_size", "it stands under 'train', as `train: {batch_size: 128}`"},
    {"loss", "it stands under 'train', as `train: {loss: cross_entropy}`"},
    {"l2", "it stands under 'train', as `train: {l2: 1.0e-4}`"},
    {"metrics", "metrics are listed under 'measure', as `measure: [accuracy, kl]`"},
    {"weights", "a trained model that is to be edited is `original: {weights: FILE}`"},
    {"seed", "the number of repetitions is `seeds: {training: 3, oracle: 3}`"},
    {"jobs", "it is an option of the command, as `oubli run FILE --jobs 2`"},
    {"output", "it is an option of the command, as `oubli run FILE --output DIR`"},
    {"store", "it is an option of the command, as `oubli run FILE --store DIR`"},
};

// What has no default, with an example.
constexpr Misnomer kRequired[] = {
    {"data", "`data: {name: digits}`"},
    {"model", "`model: {name: mlp, hidden: [256]}`"},
    {"train", "`train: {optimizer: {name: sgd, lr: 0.1}, epochs: 20}`"},
    {"edit", "`edit: {remove: {random: {fraction: 0.1}}}`"},
    {"methods", "`methods: [finetune, newton]`"},
};

}  // namespace

void require_known_keys(const Settings& root) {
  for (const auto& [key, value] : root.node().entries) {
    for (const Misnomer& misnomer : kMisnomers) {
      if (key != misnomer.word) continue;
      fail_at(value.key_origin, fmt::format("unknown key '{}': {}.", key, misnomer.meant));
    }
  }
  for (const Misnomer& required : kRequired) {
    const std::string word = required.word;
    const bool asks_otherwise = root.has("attribution") && (word == "edit" || word == "methods");
    if (root.has(word) || asks_otherwise) continue;
    fail_at(root.origin(), fmt::format("'{}' is missing: it has no default. Write it as {}.",
                                       required.word, required.meant));
  }
}

}  // namespace oubli
