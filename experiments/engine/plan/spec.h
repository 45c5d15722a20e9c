// Spec: an experiment file, read and checked, with every default written out. Making one touches no
// data and trains nothing.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "core/base/settings.h"
#include "core/evaluate/relearning.h"
#include "core/evaluate/rtt.h"
#include "core/train/trainer.h"
#include "experiments/engine/plan/attribution.h"
#include "experiments/engine/plan/edits.h"
#include "experiments/engine/plan/given_original.h"
#include "experiments/engine/plan/named_sets.h"
#include "experiments/engine/plan/variants.h"
#include "experiments/engine/registries.h"

namespace oubli {

struct Seeds {
  std::int64_t training = 3;
  std::int64_t oracle = 3;
  std::int64_t unlearning = 1;
  std::int64_t shadow = 32;  // where a metric needs shadow models
  std::int64_t edit = 0;     // which forget set is drawn

  // `seeds: {training: 3, oracle: 3}`; of originals that are given there are `given`.
  static Seeds read(const Settings& parent, std::optional<std::int64_t> given = {});
};

struct Spec {
  std::string title;
  std::filesystem::path file;
  SettingsNode root;  // what was read, from which another process can read the same
  std::function<LoadedData(const DataFolders&)> load;
  std::function<Network(const NetworkShape&)> build;
  std::string model_file_hash;  // of the file that the architecture comes from; empty: oubli's own
  at::ScalarType dtype = at::kFloat;
  TrainingRecipe recipe;
  Edits edits;
  std::optional<AttributionSpec> attribution;  // in place of edits and methods
  std::optional<GivenOriginals> originals;     // in place of ones that are trained here
  std::vector<MethodRow> methods;
  std::vector<Variant> variants;  // one or more
  Seeds seeds;
  std::vector<std::string> measure;
  // Those of them that somebody chose, and where; none where all that are usual are measured.
  std::vector<std::pair<std::string, Origin>> asked_for = {};
  std::optional<std::size_t> reference;  // row that others are held against
  std::vector<NamedSet> sets;            // of test examples, beside those that every experiment has
  RelearningSettings relearning;         // for the metric that needs it
  RttSettings rtt;                       // alike
  std::int64_t threads = 1;              // of one stage
  Json resolved;

  // Parts of `resolved` that determine results, for the keys of stages.
  Json model_settings() const { return resolved.at("model"); }
  Json train_settings() const { return resolved.at("train"); }
};

// Throws Error(kSettings) with file, line and column. Of describing settings it declares all that
// is read but for what each data set, model, method and edit has of its own.
Spec read_spec(const Settings& root, const std::filesystem::path& file,
               const Registries& registries);

// Error(kSettings) where originals are given and the row asks for ones that are trained in its own
// way, which those were not; or where any row does. Other rows can be had beside it.
void require_given_training(const Spec& spec, const MethodRow& row);
void require_given_training(const Spec& spec);

// Reads the file, its `extends` and the overrides, then the spec.
Spec load_spec(const std::filesystem::path& file, const std::vector<std::string>& overrides,
               const Registries& registries);

}  // namespace oubli
