#include "experiments/engine/commands/influence_effects.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>

#include "core/base/file.h"
#include "experiments/engine/report/page/examples.h"
#include "experiments/engine/run/stage_files.h"

namespace oubli {
namespace {

constexpr std::size_t kMostShown = 16;  // on a page

// What a page shows of an example: its label in words, and where it is one, its picture.
Json shown_example(const Dataset& data, std::int64_t row) {
  return {{"row", row}, {"label", label_text(data, row)}, {"picture", picture_of(data, row)}};
}

}  // namespace

std::vector<Effect> effects_in_order(const InfluenceScores& scores, const Subset& train) {
  const Tensor order = scores.effect.abs().argsort(/*stable=*/true, 0, /*descending=*/true);
  std::vector<Effect> effects;
  for (std::int64_t i = 0; i < order.numel(); ++i) {
    const std::int64_t position = order[i].item<std::int64_t>();
    effects.push_back(
        {train.rows[position].item<std::int64_t>(), scores.effect[position].item<double>()});
  }
  return effects;
}

std::filesystem::path write_effects(const ResultFolder& output, std::int64_t number,
                                    const Experiment& experiment, const std::vector<Effect>& all,
                                    Json summary) {
  const Dataset& data = *experiment.dataset;
  const bool has_labels = data.is_classification(), is_corrupted = data.true_targets.defined();
  std::string csv = "row,predicted_effect,retrained_effect";
  if (has_labels) csv += ",label";
  if (is_corrupted) csv += ",true_label";
  csv += "\n";
  Json effects = Json::array();
  for (const Effect& effect : all) {
    Json entry = {{"row", effect.row}, {"predicted_effect", effect.predicted}};
    csv += fmt::format("{},{},", effect.row, effect.predicted);
    if (effect.retrained) {
      entry["retrained_effect"] = *effect.retrained;
      csv += fmt::format("{}", *effect.retrained);
    }
    const auto add_label = [&](const char* name, const Tensor& labels) {
      const auto label = labels[effect.row].item<std::int64_t>();
      entry[name] = label;
      csv += fmt::format(",{}", label);
    };
    if (has_labels) add_label("label", data.targets);
    if (is_corrupted) add_label("true_label", data.true_targets);
    csv += "\n";
    effects.push_back(std::move(entry));
  }
  summary["effects"] = std::move(effects);
  summary["test"] = shown_example(data, summary.at("test_row").get<std::int64_t>());
  summary["shown"] = Json::array();
  for (std::size_t i = 0; i < std::min<std::size_t>(all.size(), kMostShown); ++i) {
    Json shown = shown_example(data, all[i].row);
    shown["predicted_effect"] = all[i].predicted;
    if (all[i].retrained) shown["retrained_effect"] = *all[i].retrained;
    summary["shown"].push_back(std::move(shown));
  }
  const std::string stem = fmt::format("influence-test-{}", number);
  output.replace(
      [&](const std::string& name) { return name == stem + ".csv" || name == stem + ".json"; },
      [&](const std::filesystem::path& folder) {
        write_file(folder / (stem + ".csv"), csv);
        write_json(folder / (stem + ".json"), summary);
      });
  return output.path() / stem;
}

std::string label_text(const Dataset& data, std::int64_t row) {
  std::string text = target_text(data, data.targets, row);
  if (!data.is_classification() || !data.true_targets.defined()) return text;
  const auto true_label = data.true_targets[row].item<std::int64_t>();
  if (true_label != data.targets[row].item<std::int64_t>())
    text += fmt::format(" (truly {})", true_label);
  return text;
}

}  // namespace oubli
