#include "experiments/selftest/architecture_checks.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include "core/base/settings_file.h"
#include "core/train/batch_gradient.h"

namespace oubli::testing {
namespace {

constexpr std::int64_t kOutputs = 10;

Network build(const Architecture& architecture, const NetworkShape& shape) {
  const Settings settings(parse_settings(architecture.example, architecture.name));
  Network network = architecture.configure(settings)(shape);
  settings.finish();
  return network;
}

// A shape that the architecture takes.
NetworkShape shape_of(const Architecture& architecture) {
  const NetworkShape images{{3, 32, 32}, kOutputs};
  try {
    build(architecture, images);
    return images;
  } catch (const Error&) {
    return {{8}, kOutputs};
  }
}

Model make(const Architecture& architecture, at::ScalarType dtype) {
  const Network network = build(architecture, shape_of(architecture));
  Model model(network.layers, network.table, dtype);
  Generator generator(5);
  model.initialise(generator);
  return model;
}

Batch examples(const Architecture& architecture, std::int64_t count, at::ScalarType dtype) {
  std::vector<std::int64_t> shape = shape_of(architecture).input;
  shape.insert(shape.begin(), count);
  Generator generator(1);
  const Tensor inputs = architecture.takes_tokens
                            ? (generator.uniform(shape, dtype) * kOutputs).floor()
                            : generator.normal(shape, dtype);
  return {inputs, at::arange(count).remainder(kOutputs), {}, {}};
}

void architecture_describes_itself(const Architecture& architecture, Findings& findings) {
  const Settings settings = Settings::describing();
  architecture.configure(settings);
  settings.finish();
  findings.expect(!architecture.summary.empty(), "", "it has no summary");
  for (const SettingsDeclaration& declaration : settings.declarations()) {
    findings.expect(!declaration.doc.empty(), "", "setting " + declaration.key + " has no doc");
    const bool is_given = architecture.example.find(declaration.key) != std::string::npos;
    findings.expect(declaration.default_value.has_value() || is_given, "",
                    "setting " + declaration.key + " has no default, nor a place in the example");
  }
}

void maps_a_batch(const Architecture& architecture, Findings& findings) {
  const Model model = make(architecture, at::kFloat);
  const Tensor output = model.forward(examples(architecture, 2, at::kFloat).inputs);
  findings.expect(
      output.sizes() == at::IntArrayRef({2, kOutputs}), "",
      fmt::format("two examples give {} numbers, and not 2 x {}", output.numel(), kOutputs));
  findings.expect(output.scalar_type() == at::kFloat, "", "the outputs have another type");
  findings.expect(output.isfinite().all().item<bool>(), "", "outputs are not finite");
}

void starts_alike(const Architecture& architecture, Findings& findings) {
  const Model one = make(architecture, at::kDouble), two = make(architecture, at::kDouble);
  const Model narrow = make(architecture, at::kFloat);
  findings.expect(one.theta().equal(two.theta()), "", "one seed gives two starts");
  findings.expect(one.theta().to(at::kFloat).equal(narrow.theta()), "",
                  "float32 starts elsewhere than float64");
  findings.expect(one.theta().isfinite().all().item<bool>(), "", "parameters are not finite");
}

// By the layers' rules, and by automatic differentiation of their forward passes.
void has_one_gradient(const Architecture& architecture, Findings& findings) {
  const Model model = make(architecture, at::kDouble);
  const Objective objective;
  const LossTerm term(examples(architecture, 4, at::kDouble), {});
  Generator dropout(0);
  const auto gradient = [&](BatchGradient::Way way) {
    return BatchGradient(model, objective, way, PassMode::kEvaluation).at(term, dropout).clone();
  };
  const Tensor rules = gradient(BatchGradient::Way::kRules);
  const Tensor automatic = gradient(BatchGradient::Way::kAutomatic);
  const double off = ((rules - automatic).norm() / automatic.norm()).item<double>();
  findings.expect(off < 1e-10, "",
                  fmt::format("its layers' rules and automatic differentiation give gradients that "
                              "differ by {:.1e} of their length",
                              off));
}

void keeps_examples_apart(const Architecture& architecture, Findings& findings) {
  const Model model = make(architecture, at::kDouble);
  const Tensor inputs = examples(architecture, 4, at::kDouble).inputs;
  const Tensor together = model.forward(inputs), alone = model.forward(inputs.narrow(0, 1, 1));
  findings.expect(together.narrow(0, 1, 1).allclose(alone, 1e-10, 1e-12), "",
                  "in evaluation mode an example's output depends on the others of its batch");
}

}  // namespace

const std::vector<ArchitectureCheck>& architecture_checks() {
  static const std::vector<ArchitectureCheck> checks{
      {"DescribesItself", "it says what it is and what each setting does",
       architecture_describes_itself},
      {"MapsABatchToItsOutputs", "a batch becomes a row of outputs for each example", maps_a_batch},
      {"StartsAlikeForOneSeedInBothTypes", "one seed gives one start", starts_alike},
      {"HasOneGradient", "its rules agree with automatic differentiation", has_one_gradient},
      {"KeepsExamplesApart", "an example's output is its own", keeps_examples_apart},
  };
  return checks;
}

}  // namespace oubli::testing
