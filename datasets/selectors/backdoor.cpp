// The selector `backdoor`: training pictures get a patch, and the label that whoever put it there
// wants to see wherever it stands (Gu et al. 2017, arXiv 1708.06733, BadNets). A model trained on
// them is as good as any other until a picture shows the patch.
//
//   backdoor: {fraction: 0.05, target: 0, size: 2, position: bottom_right, value: 1}
//
// Rows are drawn from the training examples of other classes than the target (`fraction` is of
// those), so that every label there is wrong. The patch is a square of size by size pixels of all
// channels. `position` is a corner, or [row, column] of its first pixel from 0; `value` is in units
// of pixels as models see them before they are normalised: 0 is black and 1 white.
//
// Traces: the test examples of other classes, each with the patch. They are no part of the test
// set.
// Errors: Error(kTask) for flat inputs, a patch that does not fit, a value that no pixel has, a
// class that is not there.
#include <ATen/ATen.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>

#include "core/base/number_text.h"
#include "core/base/text.h"
#include "datasets/selectors/amount.h"
#include "datasets/selectors/class_choice.h"

namespace oubli {
namespace {

const std::vector<std::string> kCorners = {"top_left", "top_right", "bottom_left", "bottom_right"};

struct Patch {
  std::int64_t size = 0;
  std::string corner;                                  // one of kCorners, or
  std::optional<std::array<std::int64_t, 2>> at = {};  // row and column of its first pixel
  double value = 0;
  Origin origin, position_origin, value_origin;
};

[[noreturn]] void fail_position(const SettingsNode& node) {
  fail_at(node.origin, fmt::format("'position' is a corner ({}) or [row, column] of the patch's "
                                   "first pixel, counted from 0.",
                                   fmt::join(kCorners, ", ")));
}

void read_position(const Settings& settings, Patch& patch) {
  patch.position_origin = settings.origin("position");
  const std::optional<SettingsNode> node =
      settings.raw("position",
                   "where the patch is: bottom_right (the default) or another corner, or [row, "
                   "column] of its first pixel, from 0");
  patch.corner = "bottom_right";
  if (node && node->kind == SettingsNode::Kind::kSequence) {
    std::vector<std::int64_t> place;
    for (const SettingsNode& item : node->items) {
      const std::optional<std::int64_t> number = number_in<std::int64_t>(item.scalar);
      if (!number || *number < 0) fail_position(*node);
      place.push_back(*number);
    }
    if (place.size() != 2) fail_position(*node);
    patch.at = {place[0], place[1]};
    settings.record("position", place);
    return;
  }
  if (node) patch.corner = node->scalar;
  if (std::find(kCorners.begin(), kCorners.end(), patch.corner) == kCorners.end()) {
    fail_position(*node);
  }
  settings.record("position", patch.corner);
}

Patch read_patch(const Settings& settings) {
  Patch patch;
  patch.origin = settings.origin("size");
  patch.size = settings.integer(
      "size", {.default_value = 2, .at_least = 1, .doc = "side of the patch, in pixels"});
  read_position(settings, patch);
  patch.value_origin = settings.origin("value");
  patch.value =
      settings.real("value", {.default_value = 1, .doc = "of its pixels: 0 is black, 1 white"});
  return patch;
}

// Row and column of the first pixel in pictures of this height and width.
std::array<std::int64_t, 2> place_of(const Patch& patch, std::int64_t height, std::int64_t width) {
  std::array<std::int64_t, 2> at = patch.at.value_or(
      std::array<std::int64_t, 2>{patch.corner.starts_with("bottom") ? height - patch.size : 0,
                                  patch.corner.ends_with("right") ? width - patch.size : 0});
  if (patch.size > std::min(height, width) || at[0] + patch.size > height ||
      at[1] + patch.size > width) {
    fail_task(
        patch.at ? patch.position_origin : patch.origin,
        fmt::format("a patch of {0} by {0} pixels{1} does not fit into pictures of {2} by "
                    "{3}: lower 'size'{4}.",
                    patch.size, patch.at ? fmt::format(" at row {}, column {}", at[0], at[1]) : "",
                    height, width, patch.at ? " or move it" : ""));
  }
  return at;
}

// Pictures [n, channels, height, width] of the data set with the patch on them.
Tensor with_patch(const Patch& patch, const Dataset& dataset, const Tensor& rows) {
  Tensor pictures = dataset.inputs.index_select(0, rows);
  const auto [row, column] = place_of(patch, pictures.size(2), pictures.size(3));
  double raw = patch.value / dataset.scale;
  if (pictures.scalar_type() == at::kByte) {
    raw = std::round(raw);
    const double most = std::round(1 / dataset.scale);
    if (!(raw >= 0 && raw <= most)) {
      fail_task(patch.value_origin,
                fmt::format("'value' is {:g}; pixels of '{}' are from 0 (black) to 1 (white).",
                            patch.value, dataset.name));
    }
  }
  pictures.narrow(2, row, patch.size).narrow(3, column, patch.size).fill_(raw);
  return pictures;
}

// Those of the rows whose true class is not the target.
Tensor of_other_classes(const Dataset& dataset, const Tensor& rows, std::int64_t target) {
  const Tensor& truth = dataset.true_targets.defined() ? dataset.true_targets : dataset.targets;
  return rows.index({truth.index_select(0, rows).ne(target)});
}

Selection plant_backdoor(const Patch& patch, const Amount& amount, const ClassChoice& choice,
                         const Dataset& dataset, const Splits& splits, const Generator& generator) {
  const std::int64_t target = choice.index(dataset);
  if (!dataset.is_image()) {
    fail_task(patch.origin, fmt::format("a backdoor is a patch in pictures, and examples of '{}' "
                                        "have {} features and no picture. Try 'noisy', "
                                        "'mislabelled' or 'biased'.",
                                        dataset.name, dataset.inputs.size(1)));
  }
  Selection selection{drawn(of_other_classes(dataset, splits.train, target), amount, generator)};
  selection.wrong_inputs = with_patch(patch, dataset, selection.rows);
  selection.wrong_labels = at::full({selection.rows.numel()}, target, at::kLong);
  auto traces = std::make_shared<Traces>();
  traces->target = target;
  traces->triggered_rows = of_other_classes(dataset, splits.test, target);
  traces->triggered_inputs = with_patch(patch, dataset, traces->triggered_rows);
  selection.traces = std::move(traces);
  return selection;
}

}  // namespace

Choose read_backdoor(const Settings& settings) {
  const Settings map = settings.child(
      "backdoor", "a drawn part of the pictures of other classes, with a patch and a wrong label");
  const Amount amount = read_amount(map);
  const ClassChoice target =
      read_class(map, "target", "class that the patch calls for, by number or by name");
  const Patch patch = read_patch(map);
  return [=](const Dataset& dataset, const Splits& splits, const Generator& generator) {
    return plant_backdoor(patch, amount, target, dataset, splits, generator);
  };
}

}  // namespace oubli
