// A decoder in the manner of GPT-2 (Radford et al. 2019), that says what comes next:
//
//   x   = wte[token] + wpe[position]
//   x  += attn.c_proj(attention(attn.c_attn(ln_1(x))))     of each layer h.0, h.1, ...
//   x  += mlp.c_proj(gelu(mlp.c_fc(ln_2(x))))              four times the width inside
//   y   = lm_head(ln_f(x))                                 a score for each token
//
// at each position, or at the last one where an example has one label. Inputs are token numbers
// [context], outputs as many as the data has classes. Parameters have the names of GPT-2's, their
// weights [out, in] as of torch.nn.Linear (GPT-2's own files have them the other way). A tied head
// has the table of the tokens for its weights, and files may hold it under both names. All start
// N(0, 0.02^2), but for what is added to the residual stream, which is divided by the root of how
// often that happens; biases at 0. GELU in its exact form, or by `gelu: tanh` as GPT-2 has it. No
// dropout.
#include <fmt/format.h>

#include "core/nn/architectures/parts.h"

namespace oubli {
namespace {

struct GptShape {
  std::int64_t tokens = 0, layers = 0, width = 0, heads = 0;
  bool is_tied = true;
  GeluForm gelu = GeluForm::kExact;
};

constexpr Initialisation kStart = Initialisation::kSmallNormal;

LayerPtr attention_block(ParameterTable& table, const std::string& name, const GptShape& shape) {
  auto body = std::make_unique<Sequential>();
  body->add<LayerNorm>(table, name + ".ln_1", shape.width);
  body->add<Linear>(table, name + ".attn.c_attn", shape.width, 3 * shape.width, true, kStart, 1);
  body->add<CausalAttention>(shape.heads);
  body->add<Linear>(table, name + ".attn.c_proj", shape.width, shape.width, true, kStart,
                    2 * shape.layers);
  return std::make_unique<Residual>(std::move(body), nullptr, AfterSum::kNothing);
}

LayerPtr mlp_block(ParameterTable& table, const std::string& name, const GptShape& shape) {
  auto body = std::make_unique<Sequential>();
  body->add<LayerNorm>(table, name + ".ln_2", shape.width);
  body->add<Linear>(table, name + ".mlp.c_fc", shape.width, 4 * shape.width, true, kStart, 1);
  body->add<Gelu>(shape.gelu);
  body->add<Linear>(table, name + ".mlp.c_proj", 4 * shape.width, shape.width, true, kStart,
                    2 * shape.layers);
  return std::make_unique<Residual>(std::move(body), nullptr, AfterSum::kNothing);
}

GptShape read_shape(const Settings& settings) {
  GptShape shape;
  shape.tokens = settings.integer(
      "tokens",
      {.default_value = 0, .at_least = 0, .doc = "different tokens; 0: as many as classes"});
  shape.layers = settings.integer(
      "layers",
      {.default_value = 2, .at_least = 1, .at_most = 200, .doc = "blocks of attention and MLP"});
  shape.width = settings.integer(
      "width",
      {.default_value = 64, .at_least = 1, .at_most = 100'000, .doc = "features of a position"});
  shape.heads = settings.integer("heads", {.default_value = 4,
                                           .at_least = 1,
                                           .at_most = 1000,
                                           .doc = "of attention; they divide the width"});
  shape.is_tied = settings.flag(
      "tied", {.default_value = true,
               .doc = "scores by the tokens' own table; false: by weights of the head's own"});
  shape.gelu = read_gelu_form(settings, "gelu");
  if (shape.width % shape.heads != 0) {
    settings.fail("heads",
                  fmt::format("{} heads do not divide a width of {}.", shape.heads, shape.width));
  }
  return shape;
}

}  // namespace

Architecture gpt_architecture() {
  Architecture architecture;
  architecture.name = "gpt";
  architecture.summary = "a decoder of token sequences that says what comes next";
  architecture.takes_tokens = true;
  architecture.configure = [](const Settings& settings) {
    const GptShape read = read_shape(settings);
    return [read, origin = settings.origin()](const NetworkShape& data) -> Network {
      require_shape("gpt", origin, data, /*has_positions=*/true);
      if (data.input.size() != 1) {
        fail_at(origin,
                fmt::format("gpt needs sequences of tokens, [context]; an example here is {}.",
                            shape_text(data.input)));
      }
      GptShape shape = read;
      if (shape.tokens == 0) shape.tokens = data.outputs;
      if (shape.is_tied && shape.tokens != data.outputs) {
        fail_at(origin, fmt::format("a tied head gives a score for each of {} tokens, and the data "
                                    "has {} classes: set `tokens: {}`, or `tied: false`.",
                                    shape.tokens, data.outputs, data.outputs));
      }
      auto table = std::make_shared<ParameterTable>();
      auto net = std::make_shared<Sequential>();
      auto embedding =
          std::make_unique<Embedding>(*table, "wte", shape.tokens, shape.width, kStart);
      const std::size_t tokens = embedding->weight();
      net->add(std::move(embedding));
      net->add<PositionEmbedding>(*table, "wpe", data.input[0], shape.width, kStart);
      for (std::int64_t layer = 0; layer < shape.layers; ++layer) {
        const std::string name = fmt::format("h.{}", layer);
        net->add(attention_block(*table, name, shape));
        net->add(mlp_block(*table, name, shape));
      }
      if (data.positions == 0) net->add<LastPosition>();
      net->add<LayerNorm>(*table, "ln_f", shape.width);
      if (shape.is_tied) {
        net->add<Linear>(tokens);
        table->add_alias(tokens, "lm_head.weight");
      } else {
        net->add<Linear>(*table, "lm_head", shape.width, data.outputs, false, kStart, 1);
      }
      return {net, table};
    };
  };
  return architecture;
}

}  // namespace oubli
