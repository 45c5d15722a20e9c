#include "tests/support/curvature.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <torch/csrc/autograd/autograd.h>

#include "experiments/selftest/problems.h"
#include "tests/support/toy_model.h"

namespace oubli::testing {
namespace {

using torch::autograd::grad;

std::shared_ptr<const Dataset> random_images(std::int64_t n, std::vector<std::int64_t> shape,
                                             std::int64_t classes, std::int64_t tokens) {
  Generator generator(11);
  auto data = std::make_shared<Dataset>();
  shape.insert(shape.begin(), n);
  data->inputs = tokens > 0 ? generator.integers(0, tokens, shape).to(at::kDouble)
                            : generator.normal(shape, at::kDouble);
  data->targets = generator.integers(0, classes, {n});
  data->outputs = classes;
  return data;
}

// Sequences of four of three tokens, of which some are asked for: from a place on that differs, to
// another one behind which there is padding.
std::shared_ptr<const Dataset> random_sequences(std::int64_t n) {
  constexpr std::int64_t kPositions = 4, kTokens = 3;
  Generator generator(11);
  auto data = std::make_shared<Dataset>();
  data->inputs = generator.integers(0, kTokens, {n, kPositions}).to(at::kInt);
  data->outputs = kTokens;
  const Tensor begin = at::arange(n).remainder(3);
  const Tensor end = begin + 1 + at::arange(n).remainder(2);
  const Tensor at = at::arange(kPositions).unsqueeze(0);
  const Tensor asked = at.ge(begin.unsqueeze(1)) & at.lt(end.unsqueeze(1));
  const Tensor next = generator.integers(0, kTokens, {n, kPositions});
  data->sequences = {.next = at::where(asked, next, kNoTarget),
                     .answer_begin = begin,
                     .answer_size = at::ones({n}, at::kLong),
                     .subject_end = at::full({n}, -1, at::kLong),
                     .fact = at::full({n}, -1, at::kLong)};
  data->targets = next.gather(1, begin.unsqueeze(1)).squeeze(1);
  data->validate("sequences");
  return data;
}

void fill_convolutions(Sequential& net, ParameterTable& table) {
  net.add<Conv2d>(table, "conv1", Conv2dShape{.in = 1, .out = 2, .padding = 1});
  net.add<BatchNorm2d>(table, "bn1", 2);
  net.add<Tanh>();
  net.add<MaxPool2d>(2);
  auto body = std::make_unique<Sequential>();
  body->add<Conv2d>(table, "conv2", Conv2dShape{.in = 2, .out = 2, .padding = 1, .groups = 2});
  body->add<GroupNorm>(table, "gn2", 1, 2);
  net.add<Residual>(std::move(body), nullptr);
  net.add<Flatten>();
  net.add<Linear>(table, "fc", 2 * 2 * 3, 3);
}

void fill_tokens(Sequential& net, ParameterTable& table) {
  net.add<Embedding>(table, "embedding", 5, 3);
  net.add<LayerNorm>(table, "norm", 3);
  net.add<Linear>(table, "positions", 3, 4);
  net.add<Tanh>();
  net.add<Flatten>();
  net.add<Linear>(table, "fc", 16, 3);
}

void fill_binary(Sequential& net, ParameterTable& table) {
  net.add<Linear>(table, "a", 4, 3);
  net.add<Tanh>();
  net.add<Linear>(table, "b", 3, 1);
}

Tensor example_loss_gradient(const CurvatureProblem& p, const Batch& one, const Tensor& targets) {
  const Tensor loss = p.objective.losses(p.model.forward(one.inputs), targets).sum();
  return p.model.join(grad({loss}, p.model.parameters(), {}, {}, false, true));
}

// sum_i w_i part(i) / sum_i w_i
Tensor weighted_mean(const CurvatureProblem& p, const std::function<Tensor(const Batch&)>& part) {
  Tensor sum = at::zeros({p.model.dim(), p.model.dim()}, at::kDouble);
  for (std::int64_t i = 0; i < p.subset.size(); ++i) {
    const Batch one = p.subset.batch(i, 1, at::kDouble);
    const double weight = one.weights.defined() ? one.weights.item<double>() : 1;
    sum.add_(part(one), weight);
  }
  return sum / p.subset.total_weight();
}

// The Hessian of one example's loss in its outputs, all of them in a row.
Tensor dense_output_hessian(const CurvatureProblem& p, const Tensor& outputs,
                            const Tensor& targets) {
  const auto of_softmax = [](const Tensor& scores) {
    const Tensor probabilities = scores.softmax(0);
    return probabilities.diag() - at::outer(probabilities, probabilities);
  };
  if (outputs.dim() == 2) {  // of a sequence: a block for each position
    const std::int64_t classes = outputs.size(1);
    const auto asked = static_cast<double>(targets.ge(0).sum().item<std::int64_t>());
    Tensor all = at::zeros({outputs.numel(), outputs.numel()}, at::kDouble);
    for (std::int64_t t = 0; t < outputs.size(0); ++t) {
      if (targets[t].item<std::int64_t>() < 0) continue;
      all.narrow(0, t * classes, classes)
          .narrow(1, t * classes, classes)
          .copy_(of_softmax(outputs[t]) / asked);
    }
    return all;
  }
  if (p.objective.loss == LossKind::kCrossEntropy) return of_softmax(outputs);
  if (p.objective.loss == LossKind::kSquaredError) return at::eye(outputs.numel(), at::kDouble);
  const double probability = outputs.sigmoid().item<double>();
  return at::full({1, 1}, probability * (1 - probability), at::kDouble);
}

}  // namespace

std::vector<std::string> curvature_problem_names() {
  return {"logistic",     "mlp",    "linear", "mlp_regression", "binary",
          "convolutions", "tokens", "gpt",    "language",       "decoder"};
}

CurvatureProblem curvature_problem(const std::string& name, std::int64_t n) {
  const Objective classes{LossKind::kCrossEntropy, 0.05};
  const Objective regression{LossKind::kSquaredError, 0.05};
  const auto disturbed = [](Model model) {
    Generator generator(5);
    model.add_to_theta(generator.normal({model.dim()}, at::kDouble), 0.2);
    const at::NoGradGuard no_grad;
    for (const Tensor& buffer : model.buffers()) {
      buffer.copy_(generator.uniform(buffer.sizes(), at::kDouble) + 0.5);
    }
    return model;
  };
  if (name == "convolutions") {
    return {name, all_of(random_images(n, {1, 4, 6}, 3, 0)), classes,
            disturbed(toy_model(fill_convolutions))};
  }
  if (name == "tokens") {
    return {name, all_of(random_images(n, {4}, 3, 5)), classes, disturbed(toy_model(fill_tokens))};
  }
  if (name == "gpt") {
    const auto data = random_images(n, {4}, 3, 3);
    return {name, all_of(data), classes,
            disturbed(make_model("gpt", "{layers: 1, width: 3, heads: 1}", *data))};
  }
  if (name == "language" || name == "decoder") {
    const auto data = random_sequences(n);
    const char* shape =
        name == "decoder" ? "{layers: 2, width: 4, heads: 2}" : "{layers: 1, width: 3, heads: 1}";
    return {name, all_of(data), classes, disturbed(make_model("gpt", shape, *data))};
  }
  if (name == "binary") {
    return {name,
            all_of(make_dataset(n, 4, 2)),
            {LossKind::kBinaryLogistic, 0.05},
            disturbed(toy_model(fill_binary))};
  }
  const bool numbers = name == "linear" || name == "mlp_regression";
  const auto data = make_dataset(n, 4, numbers ? 0 : 3);
  const bool mlp = name.starts_with("mlp");
  return {name, all_of(data), numbers ? regression : classes,
          make_model(mlp ? "mlp" : name, mlp ? "{hidden: [3], activation: tanh}" : "{}", *data)};
}

Tensor dense_gradients(const Model& model, const Subset& subset, const Objective& objective) {
  const Objective loss{objective.loss, 0};
  Tensors rows;
  for (std::int64_t i = 0; i < subset.size(); ++i) {
    CostMeter ignored;
    const Subset one = subset.with_rows(subset.rows.narrow(0, i, 1));
    rows.push_back(value_and_gradient(model, one, loss, ignored).gradient);
  }
  return at::stack(rows);
}

// Of all examples at once: a second pass for each parameter and example takes too long of decoders.
Tensor dense_hessian(const CurvatureProblem& p) {
  const Batch all = p.subset.batch(0, p.subset.size(), at::kDouble);
  const Tensor losses = p.objective.losses(p.model.forward(all.inputs), all.targets);
  const Tensor sum = all.weights.defined() ? losses.dot(all.weights) : losses.sum();
  const Tensors first =
      grad({sum / p.subset.total_weight()}, p.model.parameters(), {}, true, true, true);
  Tensors rows;
  for (const Tensor& piece : first) {
    const Tensor flat = piece.flatten();
    for (std::int64_t i = 0; i < flat.numel(); ++i) {
      rows.push_back(p.model.join(grad({flat[i]}, p.model.parameters(), {}, true, false, true)));
    }
  }
  return at::stack(rows);
}

Tensor dense_ggn(const CurvatureProblem& p) {
  return weighted_mean(p, [&](const Batch& one) {
    const Tensor outputs = p.model.forward(one.inputs)[0];
    const Tensor flat = outputs.flatten();
    Tensors rows;
    for (std::int64_t c = 0; c < flat.numel(); ++c) {
      rows.push_back(p.model.join(grad({flat[c]}, p.model.parameters(), {}, true, false, true)));
    }
    const Tensor jacobian = at::stack(rows);
    return jacobian.t().mm(dense_output_hessian(p, outputs.detach(), one.targets[0])).mm(jacobian);
  });
}

Tensor dense_empirical_fisher(const CurvatureProblem& p) {
  return weighted_mean(p, [&](const Batch& one) {
    const Tensor g = example_loss_gradient(p, one, one.targets);
    return at::outer(g, g);
  });
}

Tensor dense_expected_fisher(const CurvatureProblem& p) {
  return weighted_mean(p, [&](const Batch& one) {
    const Tensor outputs = p.model.forward(one.inputs).detach();
    Tensor sum = at::zeros({p.model.dim(), p.model.dim()}, at::kDouble);
    const auto add = [&](const Tensor& targets, double weight) {
      const Tensor g = example_loss_gradient(p, one, targets);
      sum.add_(at::outer(g, g), weight);
    };
    if (outputs.dim() == 3) {  // each position's token by itself
      const Tensor asked = one.targets[0].ge(0).nonzero().squeeze(1);
      for (std::int64_t i = 0; i < asked.numel(); ++i) {
        const std::int64_t t = asked[i].item<std::int64_t>();
        const Tensor probabilities = outputs[0][t].softmax(0);
        for (std::int64_t c = 0; c < probabilities.numel(); ++c) {
          Tensor alone = at::full_like(one.targets, kNoTarget);
          alone[0][t].fill_(c);
          add(alone, probabilities[c].item<double>() / static_cast<double>(asked.numel()));
        }
      }
      return sum;
    }
    const Tensor probabilities = p.objective.class_scores(outputs).softmax(1)[0];
    for (std::int64_t c = 0; c < probabilities.numel(); ++c) {
      add(at::full({1}, c, at::kLong), probabilities[c].item<double>());
    }
    return sum;
  });
}

}  // namespace oubli::testing
