#include "core/unlearn/method_state.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

namespace oubli {
namespace {

TEST(MethodStateChecksum, IsOfValuesNamesAndTensors) {
  const MethodState state{{{"spent", 0.3}}, {{"earlier", at::ones({2, 3}, at::kDouble)}}};
  MethodState other = state;
  EXPECT_EQ(checksum(other), checksum(state));
  other.values["spent"] = 0.4;
  EXPECT_NE(checksum(other), checksum(state));
  other = state;
  other.tensors[0].first = "later";
  EXPECT_NE(checksum(other), checksum(state));
  other = state;
  other.tensors[0].second = at::ones({3, 2}, at::kDouble);
  EXPECT_NE(checksum(other), checksum(state));
}

}  // namespace
}  // namespace oubli
