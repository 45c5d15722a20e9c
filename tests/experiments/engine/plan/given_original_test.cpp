#include "experiments/engine/plan/given_original.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/base/settings_file.h"
#include "experiments/selftest/problems.h"
#include "tests/support/expect_error.h"
#include "tests/support/files.h"

namespace oubli {
namespace {

bool is_turned(const std::string& name) {
  return name.find(".c_") != std::string::npos && name.ends_with(".weight");
}

// As GPT-2's own files have it: matrices of attention and MLP as [in, out], a causal mask beside
// each layer's, and a name in front of all.
TensorFile as_gpt2_has_it(const Model& model) {
  TensorFile file;
  for (std::size_t i = 0; i < model.parameters().size(); ++i) {
    const std::string& name = model.parameter_infos()[i].name;
    const Tensor value = model.parameters()[i].detach();
    file.tensors.emplace_back("transformer." + name,
                              is_turned(name) ? value.t().contiguous() : value.clone());
  }
  file.tensors.emplace_back("transformer.h.0.attn.bias", at::ones({1, 1, 9, 9}).tril());
  file.tensors.emplace_back("transformer.h.0.attn.masked_bias", at::full({1}, -1e4));
  return file;
}

// A small decoder, its weights in a file of GPT-2's form, and what loading that says.
class Gpt2File : public ::testing::Test {
 protected:
  Model like(std::uint64_t seed) const {
    return testing::make_model("gpt", "{layers: 1, width: 8, heads: 2}", *data_, seed, at::kFloat);
  }
  GivenOriginals given(const TensorFile& file, const std::string& more) const {
    const auto path = folder_.path() / "gpt2.safetensors";
    write_tensors(path, file);
    return read_given_originals(Settings(parse_settings("original: {weights: " + path.string() +
                                                            (more.empty() ? "" : ", ") + more + "}",
                                                        "test")))
        .value();
  }
  std::string refusal(const TensorFile& file, const std::string& more) const {
    const GivenOriginals read = given(file, more);
    Model loaded = like(4);
    return testing::error_message(ErrorKind::kData, [&] { read.load(loaded, 0); });
  }

  testing::TemporaryFolder folder_;
  std::shared_ptr<const Dataset> data_ = testing::make_sentences();
  Model model_ = like(3);
};

constexpr const char* kGpt2Form = "rename: {transformer: \"\"}, transposed: [c_attn, c_fc, c_proj]";

TEST_F(Gpt2File, WhoGivesItAsItIsIsToldTheFormThatFits) {
  const TensorFile file = as_gpt2_has_it(model_);
  for (const char* tried :
       {"", "rename: {transformer: \"\"}", "transposed: [c_attn]", "transposed: [wte, c_proj]",
        "rename: {transformer: net}", "rename: {model: \"\"}"}) {
    EXPECT_THAT(refusal(file, tried), ::testing::HasSubstr(std::string("`") + kGpt2Form + "`."))
        << tried;
  }
  TensorFile other = file;
  other.tensors.front().second = at::zeros({3, 8});
  EXPECT_THAT(refusal(other, ""), ::testing::Not(::testing::HasSubstr("rename")));
}

TEST_F(Gpt2File, ATransposedLayerThatIsNotThereIsListed) {
  EXPECT_THAT(refusal(as_gpt2_has_it(model_),
                      "rename: {transformer: \"\"}, transposed: [c_attn, c_fc, ln_f, c_prj]"),
              ::testing::HasSubstr(
                  "'transposed' speaks of 'ln_f', which is the last part of no layer's name that "
                  "has a matrix. There are c_attn, c_fc, c_proj, wpe, wte."));
}

TEST_F(Gpt2File, ATiedHeadMayStandThereTwiceWhereBothAreTheSame) {
  TensorFile file = as_gpt2_has_it(model_);
  const Tensor table = find_tensor(file.tensors, "transformer.wte.weight");
  file.tensors.emplace_back("lm_head.weight", table.clone());
  EXPECT_THAT(refusal(file, ""), ::testing::HasSubstr(kGpt2Form));
  const GivenOriginals twice = given(file, kGpt2Form);
  Model loaded = like(4);
  twice.load(loaded, 0);
  EXPECT_TRUE(loaded.theta().equal(model_.theta()));
  // What is edited is written under both names.
  const Tensor edited = loaded.theta() + 1;
  loaded.set_theta(edited);
  const TensorFile back = twice.as_given(loaded, 0);
  EXPECT_TRUE(find_tensor(back.tensors, "lm_head.weight").equal(table + 1));
  EXPECT_TRUE(find_tensor(back.tensors, "transformer.wte.weight").equal(table + 1));
  // The one name does for both, as safetensors' save_model leaves it.
  TensorFile once = file;
  std::erase_if(once.tensors, [](const auto& t) { return t.first.ends_with("wte.weight"); });
  given(once, kGpt2Form).load(loaded, 0);
  EXPECT_TRUE(loaded.theta().equal(model_.theta()));
  file.tensors.back().second = table + 1;
  EXPECT_THAT(refusal(file, kGpt2Form),
              ::testing::HasSubstr("different in the file: lm_head.weight and wte.weight."));
}

TEST(GivenOriginal, AMisspeltKeyIsSpokenOfBeforeWhatIsMissing) {
  const auto message = [](const std::string& original) {
    return testing::error_message(ErrorKind::kSettings, [&] {
      read_given_originals(Settings(parse_settings("original: " + original, "t.yaml")));
    });
  };
  EXPECT_THAT(message("{weight: net.safetensors}"),
              ::testing::HasSubstr("unknown key 'weight'; did you mean 'weights'?"));
  EXPECT_THAT(message("{}"), ::testing::HasSubstr("'original' needs 'weights'"));
}

TEST(GivenOriginal, Gpt2sOwnFilesAreReadAndWrittenTheirWay) {
  const auto data = testing::make_sentences();
  const std::string settings = "{layers: 1, width: 8, heads: 2}";
  const Model model = testing::make_model("gpt", settings, *data, 3, at::kFloat);
  const testing::TemporaryFolder folder;
  const auto path = folder.path() / "gpt2.safetensors";
  const TensorFile written = as_gpt2_has_it(model);
  write_tensors(path, written);
  const Settings root(parse_settings("original: {weights: " + path.string() +
                                         ", rename: {transformer: \"\"}, transposed: [c_attn, "
                                         "c_fc, c_proj]}",
                                     "test"));
  const std::optional<GivenOriginals> given = read_given_originals(root);
  Model loaded = testing::make_model("gpt", settings, *data, 4, at::kFloat);
  given->load(loaded, 0);
  const at::NoGradGuard no_grad;
  const Tensor inputs = testing::all_of(data).batch(0, 5, at::kFloat).inputs;
  EXPECT_TRUE(loaded.forward(inputs).equal(model.forward(inputs)));
  const TensorFile back = given->as_given(loaded, 0);
  EXPECT_EQ(back.tensors.size(), written.tensors.size());
  for (const auto& [name, tensor] : back.tensors) {
    EXPECT_TRUE(tensor.equal(find_tensor(written.tensors, name))) << name;
  }
}

}  // namespace
}  // namespace oubli
