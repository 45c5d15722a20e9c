#include "experiments/engine/plan/given_original.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <gtest/gtest.h>

#include "core/base/settings_file.h"
#include "experiments/selftest/problems.h"
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
  for (const auto& [name, tensor] : back.tensors) {
    EXPECT_TRUE(tensor.equal(find_tensor(written.tensors, name))) << name;
  }
}

}  // namespace
}  // namespace oubli
