#include "experiments/engine/plan/misfit.h"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <optional>

#include "core/base/text.h"
#include "core/nn/matching_names.h"

namespace oubli {
namespace {

// Of a network whose layers are matrices, one behind the other.
struct LayerSizes {
  std::int64_t inputs = 0, outputs = 0;
  std::vector<std::int64_t> hidden;
};

// None where one does not take what the one before it gives.
std::optional<LayerSizes> sizes_of(const std::vector<NamedShape>& tensors) {
  LayerSizes sizes;
  for (const auto& [name, shape] : tensors) {
    if (shape.size() != 2) continue;
    if (sizes.outputs == 0) {
      sizes.inputs = shape[1];
    } else if (sizes.outputs != shape[1]) {
      return std::nullopt;
    } else {
      sizes.hidden.push_back(sizes.outputs);
    }
    sizes.outputs = shape[0];
  }
  return sizes.outputs == 0 ? std::nullopt : std::optional(sizes);
}

std::optional<LayerSizes> sizes_of(const Model& model) {
  std::vector<NamedShape> shapes;
  for (const ParameterInfo& info : model.parameter_infos()) {
    shapes.emplace_back(info.name, info.shape);
  }
  return sizes_of(shapes);
}

std::optional<LayerSizes> sizes_of(const TensorFile& file) {
  std::vector<NamedShape> shapes;
  for (const auto& [name, tensor] : file.tensors) shapes.emplace_back(name, tensor.sizes().vec());
  std::sort(shapes.begin(), shapes.end(), [](const NamedShape& a, const NamedShape& b) {
    return name_comes_before(a.first, b.first);
  });
  return sizes_of(shapes);
}

// Every class with its rows; where the rarest begins, since a mistyped label is a class too.
std::string other_classes(const Experiment& experiment, std::int64_t in_weights) {
  const Dataset& data = *experiment.dataset;
  const Tensor rows = experiment.metric_rows();
  const Tensor targets = data.targets.index_select(0, rows);
  const Tensor counts = targets.bincount({}, data.outputs);
  const auto rarest = counts.argmin().item<std::int64_t>();
  std::vector<std::string> classes;
  for (std::int64_t c = 0; c < data.outputs; ++c) {
    const auto number = static_cast<std::size_t>(c);
    const std::string name =
        number < data.class_names.size() ? data.class_names[number] : std::to_string(c);
    const auto count = counts[c].item<std::int64_t>();
    classes.push_back(fmt::format("{} ({} {})", quote(name), count, count == 1 ? "row" : "rows"));
  }
  std::string text = fmt::format(" The weights tell {} classes apart, and the data have {}: {}.",
                                 in_weights, data.outputs, listed(classes));
  const Tensor of_rarest = rows.index({targets.eq(rarest)});
  if (data.places == nullptr || of_rarest.numel() == 0) return text;
  return text + fmt::format(" The rarest, {}, first stands at {}.",
                            quote(data.class_names.at(static_cast<std::size_t>(rarest))),
                            data.places->text(of_rarest.min().item<std::int64_t>()));
}

// Inputs of their own that only rows of the test file ask for.
std::string levels_of_test_file(const Dataset& data) {
  if (data.places == nullptr) return "";
  std::vector<std::string> levels;
  for (const auto& [name, column] : data.columns) {
    std::map<std::int32_t, std::int64_t> first;
    for (std::size_t row = 0; row < column.level_of.size(); ++row) {
      first.emplace(column.level_of[row], static_cast<std::int64_t>(row));
    }
    for (const auto& [level, row] : first) {
      if (level < 0 || !data.places->is_of_test_file(row)) continue;
      const std::string input =
          fmt::format("{}={}", name, column.levels[static_cast<std::size_t>(level)]);
      const auto& names = data.feature_names;
      if (std::find(names.begin(), names.end(), input) == names.end()) continue;
      levels.push_back(fmt::format("{} (first at {})", quote(input), data.places->text(row)));
    }
  }
  if (levels.empty()) return "";
  return fmt::format(" Of these {} {} in the test file alone.", listed(levels),
                     levels.size() == 1 ? "stands" : "stand");
}

std::string other_inputs(const Dataset& data, std::int64_t in_weights) {
  const std::string levels = levels_of_test_file(data);
  return fmt::format(" The data give {} inputs: {}. The weights take {}.{}",
                     data.feature_names.size(), fmt::join(data.feature_names, ", "), in_weights,
                     !levels.empty() ? levels
                                     : " `categorical`, `ignore` and `missing_indicator: false` "
                                       "change them.");
}

}  // namespace

std::string why_misfit(const Experiment& experiment, const Model& model,
                       const TensorFile& weights) {
  const Dataset& data = *experiment.dataset;
  const std::optional<LayerSizes> expected = sizes_of(model), found = sizes_of(weights);
  if (!expected || !found) return "";
  std::string text;
  if (data.is_classification() && expected->outputs == data.outputs &&
      found->outputs != expected->outputs) {
    text += other_classes(experiment, found->outputs);
  }
  if (!data.feature_names.empty() && found->inputs != expected->inputs) {
    text += other_inputs(data, found->inputs);
  }
  const Json settings = experiment.spec.model_settings();
  if (settings.value("name", "") == "mlp" && found->hidden != expected->hidden) {
    text += fmt::format(
        " The weights' hidden layers are those of `model: {{name: mlp, hidden: "
        "[{}]}}`.",
        fmt::join(found->hidden, ", "));
  }
  return text;
}

}  // namespace oubli
