// Names of element types in tensor files. Shared by the reader and the writer only.
#pragma once

#include <array>
#include <string_view>

#include "core/base/tensor.h"

namespace oubli {

struct TensorTypeName {
  std::string_view name;
  at::ScalarType type;
};

constexpr std::array<TensorTypeName, 10> kTensorTypes = {{{"F64", at::kDouble},
                                                          {"F32", at::kFloat},
                                                          {"F16", at::kHalf},
                                                          {"BF16", at::kBFloat16},
                                                          {"I64", at::kLong},
                                                          {"I32", at::kInt},
                                                          {"I16", at::kShort},
                                                          {"I8", at::kChar},
                                                          {"U8", at::kByte},
                                                          {"BOOL", at::kBool}}};

constexpr std::string_view kMetadataKey = "__metadata__";

}  // namespace oubli
