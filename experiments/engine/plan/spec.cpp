#include "experiments/engine/plan/spec.h"

#include <fmt/format.h>

#include <optional>

#include "core/base/settings_file.h"
#include "core/base/text.h"
#include "experiments/engine/plan/misnomers.h"
#include "experiments/engine/plan/verdict_settings.h"

namespace oubli {
namespace {

void read_model(const Settings& root, const Registries& registries, Spec& spec) {
  const auto [name, settings] = root.named_child("model", "", registries.architectures.names(),
                                                 "the architecture and its settings");
  const Architecture& architecture = registries.architectures.find(name);
  spec.build = architecture.configure(settings);
  spec.model_file_hash = architecture.file_hash;
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
            "Leave 'weights' out: models start from random parameters. A trained model that is to "
            "be edited stands beside 'train': `original: {weights: FILE}`.");
  }
}

// What an attribution lacks that the metric holds effects to; "" where it lacks nothing.
std::string missing_truth(const MetricNeeds& needs, const AttributionSpec& asked) {
  if (needs.subsets && !asked.subsets) return "models of subsets: add `subsets: {count: 50}`";
  if (needs.left_out && !asked.left_out) {
    return "models without single examples: add `leave_one_out: {random: 50}`";
  }
  return "";
}

// All that have values in such an experiment and train nothing more.
std::vector<std::string> usual_measure(const Registry<Metric>& metrics, const Spec& spec) {
  const bool is_attribution = spec.attribution.has_value();
  std::vector<std::string> names;
  for (const Metric& metric : metrics.entries()) {
    if (is_attribution && !missing_truth(metric.needs, *spec.attribution).empty()) continue;
    const bool has_values = (spec.edits.is_sequence || !metric.needs.requests) &&
                            (spec.reference.has_value() || !metric.needs.reference) &&
                            metric.needs.attribution == is_attribution;
    if (has_values && !metric.needs.trains_more()) names.push_back(metric.name);
  }
  return names;
}

void require_measurable(const SettingsNode& item, const MetricNeeds& needs, const Spec& spec) {
  const bool is_attribution = spec.attribution.has_value();
  const std::string missing =
      is_attribution ? missing_truth(needs, *spec.attribution) : std::string();
  if (!missing.empty()) {
    fail_at(item.origin, fmt::format("the metric '{}' holds effects to {}.", item.scalar, missing));
  }
  if (needs.reference && !spec.reference.has_value()) {
    fail_at(item.origin, fmt::format("the metric '{}' holds models against those of a row: say "
                                     "which with `evaluate: {{against: ROW}}`.",
                                     item.scalar));
  }
  if (needs.attribution != is_attribution) {
    fail_at(item.origin, fmt::format("the metric '{}' is {} an experiment with 'attribution'.",
                                     item.scalar, is_attribution ? "not for" : "for"));
  }
}

void read_measure(const Settings& root, const Registry<Metric>& metrics, Spec& spec) {
  const std::optional<SettingsNode> measure =
      root.raw("measure", "metrics; default: all that train nothing more");
  const std::vector<std::string> usual = usual_measure(metrics, spec);
  if (!measure) {
    spec.measure = usual;
  } else if (measure->kind != SettingsNode::Kind::kSequence || measure->items.empty()) {
    fail_at(measure->origin, "'measure' must be a list of metrics.");
  } else {
    for (const SettingsNode& item : measure->items) {
      require_measurable(item, metrics.find(item.scalar, item.origin).needs, spec);
      spec.measure.push_back(item.scalar);
      spec.asked_for.emplace_back(item.scalar, item.origin);
    }
    // As a record has it that was written where nobody chose.
    if (spec.measure == usual) spec.asked_for.clear();
  }
  root.record("measure", spec.measure);
}

// What stands in the place of an edit: nothing is removed and nothing added.
Edits no_edits(const Origin& origin) {
  Edits edits;
  edits.origin = origin;
  edits.draw = [](LoadedData&, const Generator&) {
    return std::vector<DrawnEdit>{{{no_rows()}, {no_rows()}}};
  };
  return edits;
}

std::optional<std::size_t> reference_row(const EvaluationSettings& evaluation,
                                         const std::vector<MethodRow>& rows) {
  if (evaluation.against.empty()) return std::nullopt;
  std::vector<std::string> names;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    names.push_back(rows[i].name);
    if (rows[i].name != evaluation.against) continue;
    if (rows[i].sweep) {
      fail_at(evaluation.against_origin,
              fmt::format("'{}' has settings that a sweep chooses: others are held against a row "
                          "whose settings are given.",
                          evaluation.against));
    }
    return i;
  }
  fail_at(evaluation.against_origin, unknown_name_message("row", evaluation.against, names));
}

void read_what_is_asked(const Settings& root, const Registries& registries, Spec& spec) {
  if (root.has("attribution") || root.is_describing()) {
    spec.attribution = read_attribution(root, registries.attributors);
    spec.edits = no_edits(root.origin("attribution"));
    for (const char* key : {"edit", "methods", "original"}) {
      if (root.is_describing() || !root.has(key)) continue;
      root.fail(key, fmt::format("'attribution' asks which examples count in models that are "
                                 "trained here: it has methods of its own, and '{}' does not stand "
                                 "beside it.",
                                 key));
    }
    if (spec.attribution->subsets && spec.recipe.objective.loss == LossKind::kOneAgainstRest) {
      fail_at(spec.attribution->origin,
              "models of subsets are judged by cross-entropy, and train.loss is "
              "one_against_rest: leave 'subsets' out, or train with cross_entropy.");
    }
    if (!root.is_describing()) return;
  }
  spec.edits = read_edits(root);
  spec.originals = read_given_originals(root);
  spec.methods = read_methods(root, registries, /*is_adding=*/spec.edits.adds);
}

}  // namespace

Seeds Seeds::read(const Settings& parent, std::optional<std::int64_t> given) {
  const Settings settings = parent.child("seeds", "how often everything is repeated");
  Seeds seeds;
  seeds.training = settings.integer("training", {.default_value = given.value_or(seeds.training),
                                                 .at_least = 1,
                                                 .at_most = 10'000,
                                                 .doc = "original models"});
  if (given && seeds.training != *given) {
    settings.fail("training", fmt::format("'training' is {}, but 'original.weights' names {} "
                                          "model{}: leave it out.",
                                          seeds.training, *given, *given == 1 ? "" : "s"));
  }
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
  read_what_is_asked(root, registries, spec);
  spec.variants = variants_of(spec.recipe, spec.methods);
  spec.seeds = Seeds::read(
      root, spec.originals ? std::optional(static_cast<std::int64_t>(spec.originals->files.size()))
                           : std::nullopt);
  const EvaluationSettings evaluation = read_evaluation(root);
  spec.sets = evaluation.sets;
  spec.reference = reference_row(evaluation, spec.methods);
  read_measure(root, registries.metrics, spec);
  spec.relearning = RelearningSettings::read(root);
  spec.rtt = RttSettings::read(root);
  // Checked here, used when results are read.
  VerdictSettings::read(root, registries.metrics, spec.measure, names_of(spec.sets));
  spec.threads = root.integer("threads", {.default_value = 1,
                                          .at_least = 1,
                                          .at_most = 1024,
                                          .doc = "threads of one stage; part of its key"});
  root.finish();
  spec.resolved = root.resolved();
  return spec;
}

void require_given_training(const Spec& spec, const MethodRow& row) {
  if (!spec.originals || spec.variants[row.variant].name.empty()) return;
  fail_at(row.origin, fmt::format("'{}' asks for an original that was trained in its own way; "
                                  "'original.weights' was trained already. Leave one of both out.",
                                  row.name));
}

void require_given_training(const Spec& spec) {
  for (const MethodRow& row : spec.methods) require_given_training(spec, row);
}

Spec load_spec(const std::filesystem::path& file, const std::vector<std::string>& overrides,
               const Registries& registries) {
  SettingsNode root = read_settings_file(file);
  for (const std::string& assignment : overrides) apply_override(root, assignment);
  return read_spec(Settings(root), file, registries);
}

}  // namespace oubli
