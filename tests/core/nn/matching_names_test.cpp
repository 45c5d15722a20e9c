#include "core/nn/matching_names.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace oubli {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

TEST(MatchingNames, LayersComeInTheirOrder) {
  const std::vector<NamedShape> expected = {{"layers.0.weight", {4, 3}}, {"layers.0.bias", {4}},
                                            {"layers.1.weight", {4, 4}}, {"layers.1.bias", {4}},
                                            {"layers.2.weight", {2, 4}}, {"layers.2.bias", {2}}};
  // As files hold them, by name: net.10 would come before net.2.
  const std::vector<NamedShape> found = {{"net.0.bias", {4}},  {"net.0.weight", {4, 3}},
                                         {"net.10.bias", {2}}, {"net.10.weight", {2, 4}},
                                         {"net.2.bias", {4}},  {"net.2.weight", {4, 4}}};
  EXPECT_THAT(matching_names(expected, found),
              ElementsAre(Pair("net.0", "layers.0"), Pair("net.10", "layers.2"),
                          Pair("net.2", "layers.1")));
}

TEST(MatchingNames, NothingIsGuessed) {
  const std::vector<NamedShape> expected = {{"fc.weight", {4, 3}}, {"fc.bias", {4}}};
  EXPECT_THAT(matching_names(expected, {{"head.weight", {4, 3}}}), IsEmpty());
  EXPECT_THAT(matching_names(expected, {{"head.weight", {4, 2}}, {"head.bias", {4}}}), IsEmpty());
  EXPECT_THAT(matching_names(expected, {{"head.w", {4, 3}}, {"head.bias", {4}}}), IsEmpty());
  EXPECT_THAT(matching_names(expected, {{"weight", {4, 3}}, {"bias", {4}}}), IsEmpty());
  EXPECT_THAT(matching_names({}, {}), IsEmpty());
}

// What one writes from the answer works, whatever was tried before.
TEST(FittingNames, AreAllFromTheFilesOwn) {
  const std::vector<NamedShape> expected = {{"layers.0.weight", {4, 3}},
                                            {"layers.0.bias", {4}},
                                            {"layers.1.weight", {2, 4}},
                                            {"layers.1.bias", {2}}};
  const std::vector<NamedShape> found = {
      {"fc1.bias", {4}}, {"fc1.weight", {4, 3}}, {"fc2.bias", {2}}, {"fc2.weight", {2, 4}}};
  const Renaming whole = {{"fc1", "layers.0"}, {"fc2", "layers.1"}};
  EXPECT_EQ(fitting_names(expected, found, {}), whole);
  EXPECT_EQ(fitting_names(expected, found, {{"fc1", "layers.0"}}), whole);
  EXPECT_EQ(fitting_names(expected, found, {{"fc1", "layers.0"}, {"fc2", "layers.2"}}), whole);
  EXPECT_EQ(fitting_names(expected, found, {{"fc1", "layers.1"}, {"fc2", "layers.0"}}), whole);
  EXPECT_EQ(fitting_names(expected, found, {{"fc3", "layers.1"}}), whole);
  EXPECT_EQ(fitting_names(expected, expected, {{"layers.1", "layers.2"}}), Renaming());
  EXPECT_EQ(fitting_names(expected, {{"fc1.bias", {4}}, {"fc1.weight", {4, 3}}}, {}), std::nullopt);
  EXPECT_EQ(fitting_names({{"fc.weight", {3, 2}}}, {{"fc.weight", {3, 1}}}, {}), std::nullopt);
}

// What names say counts for more than the order in which layers come.
TEST(FittingNames, ABeginningForAllIsOneRule) {
  const std::vector<NamedShape> expected = {{"wte.weight", {9, 4}}, {"h.0.c_fc.weight", {4, 4}}};
  const std::vector<NamedShape> wrapped = {{"net.h.0.c_fc.weight", {4, 4}},
                                           {"net.wte.weight", {9, 4}}};
  EXPECT_EQ(fitting_names(expected, wrapped, {}), (Renaming{{"net", ""}}));
  EXPECT_EQ(fitting_names(expected, wrapped, {{"wte", "net"}}), (Renaming{{"net", ""}}));
  EXPECT_EQ(
      fitting_names(wrapped, {{"a.b.h.0.c_fc.weight", {4, 4}}, {"a.b.wte.weight", {9, 4}}}, {}),
      (Renaming{{"a.b", "net"}}));
  // Two layers of one shape, in another order.
  EXPECT_EQ(fitting_names({{"first.weight", {2, 2}}, {"then.weight", {2, 2}}},
                          {{"m.then.weight", {2, 2}}, {"m.first.weight", {2, 2}}}, {}),
            (Renaming{{"m", ""}}));
}

TEST(FittingForm, MatricesMayStandTheOtherWayRound) {
  const std::vector<NamedShape> expected = {{"wte.weight", {9, 4}},
                                            {"h.0.c_fc.weight", {8, 4}},
                                            {"h.0.c_fc.bias", {8}},
                                            {"h.0.attn.c_proj.weight", {4, 4}},
                                            {"h.0.mlp.c_proj.weight", {4, 8}}};
  std::vector<NamedShape> found = {{"t.h.0.attn.c_proj.weight", {4, 4}},
                                   {"t.h.0.c_fc.bias", {8}},
                                   {"t.h.0.c_fc.weight", {4, 8}},
                                   {"t.h.0.mlp.c_proj.weight", {8, 4}},
                                   {"t.wte.weight", {9, 4}}};
  const FileForm form = {{{"t", ""}}, {"c_fc", "c_proj"}};
  EXPECT_EQ(fitting_form(expected, found, {}), form);
  EXPECT_EQ(fitting_form(expected, found, {{"t", ""}}), form);
  EXPECT_EQ(fitting_form(expected, expected, {}), FileForm());
  found[2].second = {4, 7};
  EXPECT_EQ(fitting_form(expected, found, {}), std::nullopt);
  // Of one last part either all or none are turned.
  EXPECT_EQ(fitting_form({{"a.fc.weight", {2, 3}}, {"b.fc.weight", {2, 3}}},
                         {{"a.fc.weight", {3, 2}}, {"b.fc.weight", {2, 3}}}, {}),
            std::nullopt);
}

}  // namespace
}  // namespace oubli
