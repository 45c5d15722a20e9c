#include "core/nn/architectures/parts.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace oubli {

NormKind read_norm(const Settings& settings, const std::vector<std::string>& valid) {
  const std::string name =
      settings.choice("norm", {.default_value = valid.front(),
                               .valid = valid,
                               .doc = "normalisation after each convolution; group uses 8 groups"});
  if (name == "batch") return NormKind::kBatch;
  return name == "group" ? NormKind::kGroup : NormKind::kNone;
}

void require_groups(const Settings& settings, const std::string& key, NormKind norm,
                    std::int64_t channels) {
  if (norm != NormKind::kGroup || channels % kNormGroups == 0) return;
  settings.fail(key, fmt::format("this gives a layer of {} channels, which group "
                                 "normalisation cannot divide into {} groups.",
                                 channels, kNormGroups));
}

LayerPtr make_norm(ParameterTable& table, const std::string& name, NormKind norm,
                   std::int64_t channels) {
  if (norm == NormKind::kBatch) return std::make_unique<BatchNorm2d>(table, name, channels);
  return std::make_unique<GroupNorm>(table, name, kNormGroups, channels);
}

GeluForm read_gelu_form(const Settings& settings, const std::string& key) {
  // No part of a record where nobody asks: models from before there was a choice are still those.
  if (!settings.has(key) && !settings.is_describing()) return GeluForm::kExact;
  const std::string form =
      settings.choice(key, {.default_value = "exact",
                            .valid = {"exact", "tanh"},
                            .doc = "form of GELU; tanh: as GPT-2 was trained, PyTorch's "
                                   "approximate='tanh'"});
  return form == "tanh" ? GeluForm::kTanh : GeluForm::kExact;
}

std::int64_t feature_count(const NetworkShape& shape) {
  std::int64_t count = 1;
  for (const std::int64_t extent : shape.input) count *= extent;
  return count;
}

std::string shape_text(const std::vector<std::int64_t>& shape) {
  return shape.empty() ? "a single number" : fmt::format("{}", fmt::join(shape, "x"));
}

void require_shape(const std::string& architecture, const Origin& origin, const NetworkShape& shape,
                   bool has_positions) {
  if (shape.positions > 0 && !has_positions) {
    fail_at(origin, fmt::format("{} gives one set of scores an example, and this data is of "
                                "sequences, with one at each position: use gpt.",
                                architecture));
  }
  if (shape.outputs < 1) {
    fail_at(origin,
            fmt::format("{} needs at least one output, found {}.", architecture, shape.outputs));
  }
  for (const std::int64_t extent : shape.input) {
    if (extent < 1) {
      fail_at(origin, fmt::format("{} cannot take empty inputs; an example's shape is {}.",
                                  architecture, shape_text(shape.input)));
    }
  }
}

void require_image(const std::string& architecture, const Origin& origin, const NetworkShape& shape,
                   std::int64_t smallest_side) {
  require_shape(architecture, origin, shape);
  if (shape.input.size() == 3 && shape.input[1] >= smallest_side &&
      shape.input[2] >= smallest_side) {
    return;
  }
  fail_at(origin, fmt::format("{} needs images (channels x height x width) of at least {}x{} "
                              "pixels; an example's shape is {}.",
                              architecture, smallest_side, smallest_side, shape_text(shape.input)));
}

}  // namespace oubli
