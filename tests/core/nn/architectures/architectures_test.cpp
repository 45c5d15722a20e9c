#include <ATen/ATen.h>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <regex>
#include <set>

#include "core/base/settings_file.h"
#include "core/nn/architectures/architecture.h"
#include "experiments/selftest/architecture_checks.h"
#include "tests/support/expect_error.h"
#include "tests/support/kept_promises.h"
#include "tests/support/temporary_folder.h"

namespace oubli {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;

Model build(const std::string& name, const std::string& settings_text, const NetworkShape& shape,
            at::ScalarType dtype = at::kDouble) {
  const Settings settings(parse_settings(settings_text, "f.yaml"));
  const Network network = builtin_architectures().find(name).configure(settings)(shape);
  settings.finish();
  return Model(network.layers, network.table, dtype);
}

std::vector<std::string> names_of(const Model& model) {
  std::vector<std::string> names;
  for (const ParameterInfo& info : model.parameter_infos()) names.push_back(info.name);
  return names;
}

const NetworkShape kColour = {{3, 32, 32}, 10};

// The contract of every architecture.
class EveryArchitecture : public ::testing::TestWithParam<std::string> {};

TEST_P(EveryArchitecture, KeepsItsPromises) {
  const Registry<Architecture> registry = builtin_architectures();
  testing::expect_kept(testing::architecture_checks(), GetParam(), registry.find(GetParam()));
}

TEST_P(EveryArchitecture, RefusesAShapeThatCannotBe) {
  const std::string example = builtin_architectures().find(GetParam()).example;
  EXPECT_ERROR(ErrorKind::kSettings, build(GetParam(), example, {{3, 32, 32}, 0}),
               AllOf(StartsWith("f.yaml:1:1: "), HasSubstr("at least one output")));
  EXPECT_ERROR(ErrorKind::kSettings, build(GetParam(), example, {{3, 0, 32}, 10}),
               AllOf(StartsWith("f.yaml:1:1: "), HasSubstr("3x0x32")));
}

// torchscript is whatever its file is, and has tests of its own.
std::vector<std::string> with_an_example() {
  std::vector<std::string> names = builtin_architectures().names();
  std::erase(names, "torchscript");
  return names;
}

INSTANTIATE_TEST_SUITE_P(Builtin, EveryArchitecture, ::testing::ValuesIn(with_an_example()),
                         [](const auto& tested) { return tested.param; });

TEST(Architectures, EverySourceHasALineInTheDefFile) {
  const std::filesystem::path folder =
      std::filesystem::path(OUBLI_SOURCE_DIR) / "core" / "nn" / "architectures";
  const std::set<std::string> not_architectures = {"builtin", "layer_list", "parts"};
  std::set<std::string> sources;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    const std::string name = entry.path().stem().string();
    if (entry.path().extension() == ".cpp" && !not_architectures.contains(name)) {
      sources.insert(name);
    }
  }
  const std::string text = testing::read_text(folder / "architectures.def");
  std::set<std::string> lines;
  const std::regex line(R"((?:^|\n)OUBLI_ARCHITECTURE\((\w+)\))");
  for (std::sregex_iterator i(text.begin(), text.end(), line), end; i != end; ++i) {
    lines.insert((*i)[1]);
  }
  EXPECT_EQ(sources, lines);
  const std::vector<std::string> names = builtin_architectures().names();
  EXPECT_EQ(lines, std::set<std::string>(names.begin(), names.end()));
}

TEST(Architectures, HaveTheirPublishedSizes) {
  EXPECT_EQ(build("resnet18", "", kColour).dim(), 11'173'962);
  EXPECT_EQ(build("resnet18", "norm: group", kColour).dim(), 11'173'962);
  EXPECT_EQ(build("allcnn", "", kColour).dim(), 1'369'738);
  EXPECT_EQ(build("convnet", "", kColour).dim(), 33'946);
  EXPECT_EQ(build("lenet5", "", {{1, 28, 28}, 10}).dim(), 61'706);
  EXPECT_EQ(build("lenet5", "", {{1, 32, 32}, 10}).dim(), 61'706);
  EXPECT_EQ(build("mlp", "", {{784}, 10}).dim(), 784 * 256 + 256 + 2570);
  EXPECT_EQ(build("logistic", "", {{4}, 3}).dim(), 15);
  EXPECT_EQ(build("linear", "bias: false", {{2, 2}, 3}).dim(), 12);
}

TEST(Architectures, ParametersHaveTheNamesOfPyTorch) {
  using ::testing::ElementsAre;
  using ::testing::IsSupersetOf;
  EXPECT_THAT(names_of(build("logistic", "", {{4}, 3})), ElementsAre("fc.weight", "fc.bias"));
  EXPECT_THAT(names_of(build("mlp", "hidden: [5]", {{4}, 3})),
              ElementsAre("layers.0.weight", "layers.0.bias", "layers.1.weight", "layers.1.bias"));
  EXPECT_THAT(names_of(build("lenet5", "", {{1, 28, 28}, 10})),
              IsSupersetOf({"conv1.weight", "conv2.bias", "fc1.weight", "fc3.bias"}));
  EXPECT_THAT(names_of(build("convnet", "channels: [8]", kColour)),
              ElementsAre("conv1.weight", "bn1.weight", "bn1.bias", "fc.weight", "fc.bias"));
  const Model resnet = build("resnet18", "", kColour);
  EXPECT_THAT(names_of(resnet),
              IsSupersetOf({"conv1.weight", "bn1.bias", "layer1.0.bn1.weight",
                            "layer2.0.downsample.0.weight", "layer2.0.downsample.1.bias",
                            "layer4.1.conv2.weight", "fc.weight", "fc.bias"}));
  EXPECT_EQ(names_of(resnet).size(), 62);
  EXPECT_EQ(resnet.buffer_infos().size(), 40);
  EXPECT_EQ(resnet.buffer_infos()[0].name, "bn1.running_mean");
}

TEST(Architectures, WidthAndNormalisationAreSettings) {
  const Model narrow = build("resnet18", "{width: 8, norm: group}", {{1, 8, 8}, 4});
  EXPECT_TRUE(narrow.buffer_infos().empty());
  EXPECT_EQ(narrow.forward(at::zeros({2, 1, 8, 8}, at::kDouble)).sizes(), at::IntArrayRef({2, 4}));
  for (const std::string norm : {"none", "batch", "group"}) {
    const Model allcnn =
        build("allcnn", fmt::format("{{width: 0.25, norm: {}}}", norm), {{1, 9, 9}, 4});
    EXPECT_EQ(allcnn.parameters()[0].size(0), 24);
    EXPECT_EQ(allcnn.forward(at::zeros({2, 1, 9, 9}, at::kDouble)).sizes(),
              at::IntArrayRef({2, 4}));
  }
  EXPECT_ERROR(ErrorKind::kSettings, build("resnet18", "norm: group\nwidth: 12\n", kColour),
               AllOf(StartsWith("f.yaml:2:8: "), HasSubstr("12 channels")));
  EXPECT_ERROR(ErrorKind::kSettings, build("convnet", "norm: group\nchannels: [8, 12]\n", kColour),
               AllOf(StartsWith("f.yaml:2:11: "), HasSubstr("12 channels")));
  // 28 -> 14 -> 7 -> 3, the last row and column dropped.
  EXPECT_EQ(build("convnet", "norm: none", {{1, 28, 28}, 4})
                .forward(at::zeros({2, 1, 28, 28}, at::kDouble))
                .sizes(),
            at::IntArrayRef({2, 4}));
}

TEST(Architectures, AnImageThatDoesNotFitIsAnErrorWithItsShape) {
  EXPECT_ERROR(ErrorKind::kSettings, build("lenet5", "{}", {{1, 8, 8}, 10}),
               AllOf(HasSubstr("28x28"), HasSubstr("1x8x8")));
  EXPECT_ERROR(ErrorKind::kSettings, build("lenet5", "{}", {{2, 28, 28}, 10}),
               HasSubstr("2x28x28"));
  EXPECT_ERROR(ErrorKind::kSettings, build("lenet5", "{}", {{1, 28, 32}, 10}),
               HasSubstr("1x28x32"));
  EXPECT_ERROR(ErrorKind::kSettings, build("allcnn", "{}", {{3, 8, 8}, 10}), HasSubstr("9x9"));
  EXPECT_ERROR(ErrorKind::kSettings, build("convnet", "{}", {{3, 7, 9}, 10}), HasSubstr("8x8"));
  EXPECT_ERROR(ErrorKind::kSettings, build("resnet18", "{}", {{64}, 10}), HasSubstr("is 64."));
}

TEST(Architectures, ConvolutionsOfResnetStartWithHeVariance) {
  Model model = build("resnet18", "width: 16", kColour);
  Generator generator(3);
  model.initialise(generator);
  for (std::size_t i = 0; i < model.parameters().size(); ++i) {
    if (model.parameter_infos()[i].name != "layer2.1.conv1.weight") continue;
    const double expected = 2.0 / (32 * 9);
    EXPECT_NEAR(model.parameters()[i].var().item<double>(), expected, 0.1 * expected);
  }
}

TEST(Gpt, SaysWhatDoesNotFit) {
  EXPECT_ERROR(ErrorKind::kSettings, build("gpt", "{width: 10, heads: 4}", {{6}, 10}),
               HasSubstr("4 heads do not divide a width of 10"));
  EXPECT_ERROR(ErrorKind::kSettings, build("gpt", "{tokens: 20}", {{6}, 10}),
               HasSubstr("a tied head gives a score for each of 20 tokens"));
  EXPECT_ERROR(ErrorKind::kSettings, build("gpt", "{}", kColour),
               HasSubstr("sequences of tokens, [context]; an example here is 3x32x32"));
}

// 12 d^2 and 13 d for each layer, two vectors at the end, and the tables.
TEST(Gpt, HasAsManyParametersAsItShould) {
  const std::int64_t d = 64, tokens = 450, context = 48, layers = 2;
  const std::int64_t blocks = layers * (12 * d * d + 13 * d) + 2 * d;
  EXPECT_EQ(build("gpt", "{}", {{context}, tokens}).dim(), blocks + (tokens + context) * d);
  EXPECT_EQ(build("gpt", "{tied: false}", {{context}, tokens}).dim(),
            blocks + (2 * tokens + context) * d);
}

}  // namespace
}  // namespace oubli
