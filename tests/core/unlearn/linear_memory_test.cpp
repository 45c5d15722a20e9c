#include "core/unlearn/linear_memory.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/expect_error.h"
#include "tests/support/fact_world.h"
#include "tests/support/numbers.h"

namespace oubli {
namespace {

using ::testing::HasSubstr;
using testing::relative_error;

class LinearMemoryTest : public ::testing::Test {
 protected:
  MemoryContents read(std::int64_t layer) const {
    CostMeter cost;
    return read_memories(model_, {LinearMemory::of(model_, layer)}, inputs_, at_, cost)[0];
  }
  Tensor parameter(const std::string& name) const {
    return model_.parameters()[*model_.find_parameter(name)].detach();
  }

  Model model_ = testing::learnt_gpt();
  Tensor inputs_ = testing::all_of(testing::make_sentences()).batch(0, 9, at::kDouble).inputs;
  Tensor at_ = at::tensor({1, 2, 3, 4, 5, 4, 3, 2, 1}, at::kLong);
};

TEST_F(LinearMemoryTest, GivesItsMatrixTimesTheKeys) {
  for (const std::int64_t layer : {0, 1, 2}) {
    const MemoryContents contents = read(layer);
    const std::string name = "h." + std::to_string(layer) + ".mlp.c_proj";
    const Tensor expected =
        contents.keys.mm(parameter(name + ".weight").t()) + parameter(name + ".bias");
    EXPECT_LT(relative_error(contents.values, expected), 1e-12) << layer;
  }
}

// A change of one layer moves its values by D k, and the stream behind it by as much.
TEST_F(LinearMemoryTest, AChangeMovesValuesAndStreamByWhatItSaysToTheKeys) {
  const LinearMemory memory = LinearMemory::of(model_, 1);
  const Model original = model_.clone();
  const MemoryContents before = read(1);
  const Tensor change = 0.1 * testing::random({memory.out, memory.in});
  memory.add(model_, change);
  const MemoryContents after = read(1);
  EXPECT_TRUE(after.keys.equal(before.keys));
  const Tensor moved = before.keys.mm(change.t());
  EXPECT_LT(relative_error(after.values - before.values, moved), 1e-12);
  EXPECT_LT(relative_error(after.stream - before.stream, moved), 1e-12);
  EXPECT_TRUE(testing::moved_alone(model_, original, {1}));
}

TEST_F(LinearMemoryTest, OneForwardPassIsCounted) {
  CostMeter cost;
  read_memories(model_, {LinearMemory::of(model_, 0), LinearMemory::of(model_, 2)}, inputs_, at_,
                cost);
  EXPECT_DOUBLE_EQ(cost.sample_gradients(), 3);
}

TEST_F(LinearMemoryTest, SaysWhatItNeeds) {
  EXPECT_EQ(memory_layers(model_), 3);
  EXPECT_ERROR(ErrorKind::kTask, LinearMemory::of(model_, 3), HasSubstr("0 to 2"));
  const auto data = testing::make_dataset(10, 4, 3);
  const Model other = testing::make_model("mlp", "{hidden: [5]}", *data);
  EXPECT_ERROR(ErrorKind::kTask, LinearMemory::of(other, 0), HasSubstr("gpt"));
}

}  // namespace
}  // namespace oubli
