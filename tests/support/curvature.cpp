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

}  // namespace

std::vector<std::string> curvature_problem_names() {
  return {"logistic", "mlp", "linear", "mlp_regression", "binary", "convolutions", "tokens", "gpt"};
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

Tensor dense_hessian(const CurvatureProblem& p) {
  return weighted_mean(p, [&](const Batch& one) {
    const Tensor loss = p.objective.losses(p.model.forward(one.inputs), one.targets).sum();
    const Tensors first = grad({loss}, p.model.parameters(), {}, true, true, true);
    Tensors rows;
    for (const Tensor& piece : first) {
      const Tensor flat = piece.flatten();
      for (std::int64_t i = 0; i < flat.numel(); ++i) {
        rows.push_back(p.model.join(grad({flat[i]}, p.model.parameters(), {}, true, false, true)));
      }
    }
    return at::stack(rows);
  });
}

Tensor dense_ggn(const CurvatureProblem& p) {
  return weighted_mean(p, [&](const Batch& one) {
    const Tensor outputs = p.model.forward(one.inputs)[0];
    Tensors rows;
    for (std::int64_t c = 0; c < outputs.numel(); ++c) {
      rows.push_back(p.model.join(grad({outputs[c]}, p.model.parameters(), {}, true, false, true)));
    }
    const Tensor jacobian = at::stack(rows);
    Tensor a = at::eye(outputs.numel(), at::kDouble);
    if (p.objective.loss == LossKind::kCrossEntropy) {
      const Tensor probabilities = outputs.detach().softmax(0);
      a = probabilities.diag() - at::outer(probabilities, probabilities);
    } else if (p.objective.loss == LossKind::kBinaryLogistic) {
      const double probability = outputs.detach().sigmoid().item<double>();
      a = at::full({1, 1}, probability * (1 - probability), at::kDouble);
    }
    return jacobian.t().mm(a).mm(jacobian);
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
    const Tensor probabilities = p.objective.class_scores(outputs).softmax(1)[0];
    Tensor sum = at::zeros({p.model.dim(), p.model.dim()}, at::kDouble);
    for (std::int64_t c = 0; c < probabilities.numel(); ++c) {
      const Tensor g = example_loss_gradient(p, one, at::full({1}, c, at::kLong));
      sum.add_(at::outer(g, g) * probabilities[c]);
    }
    return sum;
  });
}

}  // namespace oubli::testing
