// What several architectures share: checks of the input's shape and the choice of a normalisation.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/nn/architectures/architecture.h"
#include "core/nn/layers.h"

namespace oubli {

enum class NormKind { kNone, kBatch, kGroup };

// Groups of every group normalisation. Channel counts must be multiples of it.
constexpr std::int64_t kNormGroups = 8;

// Reads the setting `norm`: one of `valid`, the first being the default.
NormKind read_norm(const Settings& settings, const std::vector<std::string>& valid);
// Throws Error(kSettings) at the setting `key` where group normalisation cannot divide `channels`.
void require_groups(const Settings& settings, const std::string& key, NormKind norm,
                    std::int64_t channels);
// The layer for `norm`, which is not kNone.
LayerPtr make_norm(ParameterTable& table, const std::string& name, NormKind norm,
                   std::int64_t channels);

// Reads which form of GELU a setting asks for: `exact`, the default, or `tanh`.
GeluForm read_gelu_form(const Settings& settings, const std::string& key);

// The product of the extents: the features of a flattened example.
std::int64_t feature_count(const NetworkShape& shape);
// "3x32x32", or "a single number" for no extents.
std::string shape_text(const std::vector<std::int64_t>& shape);

// Throws Error(kSettings) unless there is at least one output, every extent of the input is
// positive, and the architecture has outputs at each position where they are wanted. `architecture`
// is named in the message, which is located at `origin`.
void require_shape(const std::string& architecture, const Origin& origin, const NetworkShape& shape,
                   bool has_positions = false);
// The same, and the input must be [channels, height, width] with both sides at least
// `smallest_side`.
void require_image(const std::string& architecture, const Origin& origin, const NetworkShape& shape,
                   std::int64_t smallest_side);

}  // namespace oubli
