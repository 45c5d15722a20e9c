#include "experiments/engine/plan/spec.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <set>

#include "core/base/settings_file.h"
#include "core/base/text.h"
#include "core/unlearn/chosen_method.h"
#include "experiments/engine/plan/verdict_settings.h"

namespace oubli {
namespace {

// A row whose settings a sweep chooses: its resolved settings are those of each trial.
MethodRow read_swept(const SettingsNode& node, const Registries& registries, MethodRow row) {
  const SettingsNode* as = node.find("as");
  SettingsNode name;
  if (as != nullptr) name.entries.emplace_back("as", *as);
  name.kind = SettingsNode::Kind::kMap;
  const Settings settings(name);
  row.name = read_row_name(settings, row.method);
  row.sweep = std::make_shared<const Sweep>(
      read_sweep(node, registries.metrics,
                 [&](const Settings& trial) { return row.info.make(trial, registries.methods); }));
  row.unlearner = row.sweep->trials.front().unlearner;
  row.settings = settings.resolved();
  row.settings["sweep"] = row.sweep->resolved;
  return row;
}

MethodRow read_method(const SettingsNode& item, const Registries& registries) {
  const MethodItem read = method_item(item);
  const SettingsNode& settings_node = read.settings;
  MethodRow row;
  row.method = read.name;
  row.origin = read.origin;
  row.info = registries.methods.find(row.method, row.origin);
  if (settings_node.find("sweep") != nullptr) return read_swept(settings_node, registries, row);
  const Settings settings(settings_node);
  row.name = read_row_name(settings, row.method);
  row.unlearner = row.info.make(settings, registries.methods);
  settings.finish();
  row.settings = settings.resolved();
  return row;
}

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

// A beginner's first file: says what was meant before anything else is looked at.
void require_known_keys(const Settings& root) {
  for (const auto& [key, value] : root.node().entries) {
    for (const Misnomer& misnomer : kMisnomers) {
      if (key != misnomer.word) continue;
      fail_at(value.key_origin, fmt::format("unknown key '{}': {}.", key, misnomer.meant));
    }
  }
  for (const Misnomer& required : kRequired) {
    if (root.has(required.word)) continue;
    fail_at(root.origin(), fmt::format("'{}' is missing: it has no default. Write it as {}.",
                                       required.word, required.meant));
  }
}

void read_model(const Settings& root, const Registries& registries, Spec& spec) {
  const auto [name, settings] = root.named_child("model", "", registries.architectures.names(),
                                                 "the architecture and its settings");
  spec.build = registries.architectures.find(name).configure(settings);
  spec.dtype =
      settings.choice("dtype", {.default_value = "float32",
                                .valid = {"float32", "float64"},
                                .doc = "number type of parameters and activations"}) == "float64"
          ? at::kDouble
          : at::kFloat;
  const std::optional<SettingsNode> weights = settings.raw("weights", "refused: see the message");
  if (weights && !root.is_describing()) {
    fail_at(weights->origin,
            "originals and oracles would start from the same weights. Where these were trained on "
            "the forget set, every oracle has seen it, and every method looks like retraining. "
            "Leave 'weights' out: models start from random parameters.");
  }
}

void read_edit(const Settings& root, Spec& spec) {
  const Settings edit = root.child("edit", "what is removed, added, or both");
  spec.edit_origin = edit.origin();
  if (edit.is_describing()) return;  // `oubli describe edit`
  if (edit.has("remove")) {
    spec.remove = configure_selection(edit.child("remove", "the forget set"));
  }
  if (edit.has("add")) {
    for (const char* corrupts : {"mislabelled", "interclass"}) {
      const Settings add(*edit.node().find("add"));
      if (!add.has(corrupts)) continue;
      fail_at(add.origin(corrupts),
              fmt::format("'{}' gives examples wrong labels, to be removed again: it stands under "
                          "'remove'. What is added is selected by random, class, class_fraction or "
                          "indices.",
                          corrupts));
    }
    spec.add = configure_selection(edit.child("add", "points held out of the original's training"),
                                   "set of added points");
  }
  if (!spec.remove && !spec.add) {
    fail_at(edit.origin(),
            "'edit' asks for nothing: give 'remove', 'add' or both, such as "
            "`remove: {random: {fraction: 0.1}}`.");
  }
}

}  // namespace

std::string read_row_name(const Settings& method, const std::string& default_value) {
  std::string name =
      method.text("as", {.default_value = default_value, .doc = "name of the row in tables"});
  if (!method.is_describing() &&
      (name.empty() || name.find_first_of("\r\n") != std::string::npos)) {
    method.fail("as", "the name of a row is one line of text.");
  }
  return name;
}

Seeds Seeds::read(const Settings& parent) {
  const Settings settings = parent.child("seeds", "how often everything is repeated");
  Seeds seeds;
  seeds.training = settings.integer("training", {.default_value = seeds.training,
                                                 .at_least = 1,
                                                 .at_most = 10'000,
                                                 .doc = "original models"});
  seeds.oracle = settings.integer(
      "oracle", {.default_value = seeds.oracle,
                 .at_least = 1,
                 .at_most = 10'000,
                 .doc = "models retrained from scratch, that rows are held against"});
  seeds.unlearning = settings.integer("unlearning", {.default_value = seeds.unlearning,
                                                     .at_least = 1,
                                                     .at_most = 1000,
                                                     .doc = "runs of a method on each original"});
  seeds.shadow = settings.integer(
      "shadow", {.default_value = seeds.shadow,
                 .at_least = 4,
                 .at_most = 1024,
                 .doc = "shadow models, trained on random halves, where a metric needs them"});
  seeds.edit = settings.integer("edit", {.default_value = seeds.edit,
                                         .at_least = 0,
                                         .at_most = kLargestSeed,
                                         .doc = "which forget set is drawn"});
  return seeds;
}

Spec read_spec(const Settings& root, const std::filesystem::path& file,
               const Registries& registries) {
  if (!root.is_describing()) require_known_keys(root);
  Spec spec;
  spec.file = file;
  spec.root = root.node();
  // A file's name need not be UTF-8.
  spec.title = root.text(
      "title", {.default_value = as_utf8(file.stem().string()), .doc = "headline of the table"});
  const auto [data_name, data] =
      root.named_child("data", "", registries.datasets.names(), "the data set and its settings");
  spec.load = registries.datasets.find(data_name).configure(data);
  read_model(root, registries, spec);
  spec.recipe = TrainingRecipe::read(root.child("train", "how models are trained"));
  read_edit(root, spec);

  const std::vector<SettingsNode> items = root.sequence("methods", "rows of the table");
  if (items.empty() && !root.is_describing()) {
    root.fail("methods", fmt::format("'methods' lists no method. Valid: {}.",
                                     fmt::join(registries.methods.names(), ", ")));
  }
  Json methods = Json::array();
  std::set<std::string> names = {"original", kNoiseFloor, kSweptNoiseFloor};
  for (const SettingsNode& item : items) {
    MethodRow row = read_method(item, registries);
    if (!names.insert(row.name).second) {
      fail_at(row.origin, fmt::format("two rows are named '{}': give one of them another name with "
                                      "`as: ...`.",
                                      row.name));
    }
    if (spec.add && !row.info.supports_adding) {
      fail_at(row.origin, fmt::format("'{}' cannot add data: leave it out of an experiment whose "
                                      "edit adds points.",
                                      row.method));
    }
    methods.push_back({{row.method, row.settings}});
    spec.methods.push_back(std::move(row));
  }
  root.record("methods", std::move(methods));

  spec.seeds = Seeds::read(root);

  const std::optional<SettingsNode> measure =
      root.raw("measure", "metrics; default: all that train nothing more");
  for (const Metric& metric : registries.metrics.entries()) {
    if (!metric.needs.trains_more()) spec.measure.push_back(metric.name);
  }
  if (measure) {
    if (measure->kind != SettingsNode::Kind::kSequence || measure->items.empty()) {
      fail_at(measure->origin, "'measure' must be a list of metrics.");
    }
    spec.measure.clear();
    for (const SettingsNode& item : measure->items) {
      registries.metrics.find(item.scalar, item.origin);
      spec.measure.push_back(item.scalar);
    }
  }
  root.record("measure", spec.measure);
  spec.relearning = RelearningSettings::read(root);
  // Checked here, used when results are read.
  VerdictSettings::read(root, registries.metrics, spec.measure);
  spec.threads = root.integer("threads", {.default_value = 1,
                                          .at_least = 1,
                                          .at_most = 1024,
                                          .doc = "threads of one stage; part of its key"});
  root.finish();
  spec.resolved = root.resolved();
  return spec;
}

Spec load_spec(const std::filesystem::path& file, const std::vector<std::string>& overrides,
               const Registries& registries) {
  SettingsNode root = read_settings_file(file);
  for (const std::string& assignment : overrides) apply_override(root, assignment);
  return read_spec(Settings(root), file, registries);
}

}  // namespace oubli
