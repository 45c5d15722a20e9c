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

// The same of data that are sentences, which other settings than those of classes learn.
constexpr Misnomer kRequiredOfLanguage[] = {
    {"model", "`model: {name: gpt, layers: 2, width: 64, heads: 4}`"},
    {"train",
     "`train: {optimizer: {name: adamw, lr: 3.0e-3, weight_decay: 0.01}, schedule: {name: cosine, "
     "warm_up: 0.05}, epochs: 60, batch_size: 320}`"},
    {"edit", "`edit: {remove: {facts: {count: 10}}}`"},
    {"methods", "`methods: [finetune, npo]`"},
};

std::string named_data(const Settings& root) {
  const SettingsNode* data = root.node().find("data");
  if (data == nullptr) return "";
  const SettingsNode* name = data->kind == SettingsNode::Kind::kMap ? data->find("name") : data;
  return name != nullptr && name->kind == SettingsNode::Kind::kScalar ? name->scalar : "";
}

const char* example_of(const Misnomer& required, const Settings& root) {
  const std::string data = named_data(root), word = required.word;
  if (data == "text" && word == "edit") {
    return "`edit: {remove: {where: {column: line, at_most: 20}}}`";
  }
  if (data != "biographies" && data != "facts" && data != "text") return required.meant;
  for (const Misnomer& other : kRequiredOfLanguage) {
    if (word == other.word) return other.meant;
  }
  return required.meant;
}

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
                                       required.word, example_of(required, root)));
  }
}

}  // namespace oubli
