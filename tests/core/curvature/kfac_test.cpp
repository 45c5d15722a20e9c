#include "core/curvature/kfac.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>

#include "core/base/settings_file.h"
#include "experiments/selftest/problems.h"
#include "tests/support/expect_error.h"
#include "tests/support/kronecker.h"
#include "tests/support/numbers.h"

namespace oubli {
namespace {

using testing::curvature_problem;
using testing::CurvatureProblem;
using ::testing::ElementsAre;
using testing::expect_equal;
using testing::groups_of_problem;
using ::testing::HasSubstr;
using testing::identity;
using testing::kBoth;
using testing::kExact;
using testing::largest;
using testing::layer_blocks;

Kfac kfac(const CurvatureProblem& p, const KroneckerOptions& options) {
  CostMeter cost;
  return Kfac(p.model, p.subset, p.objective, cost, options);
}

// The matrix without l2.
Tensor dense_kfac(const CurvatureProblem& p, const KroneckerOptions& options) {
  return kfac(p, options).as_dense() - identity(p, p.objective.l2);
}

TEST(Kfac, IsExactForOneExampleOfALinearLayer) {
  const CurvatureProblem p = curvature_problem("logistic", 1);
  expect_equal(dense_kfac(p, {.targets = FisherTargets::kEmpirical}), dense_empirical_fisher(p));
  expect_equal(dense_kfac(p, {.targets = kExact}), dense_expected_fisher(p));
}

TEST(Kfac, IsExactForALinearLayerUnderTheSquaredError) {
  CurvatureProblem p = curvature_problem("linear");
  p.subset.weights = at::linspace(0.5, 2, 13, at::kDouble);
  expect_equal(dense_kfac(p, {.targets = kExact}), dense_ggn(p));
}

TEST(Kfac, HasTheScaleOfTheFisherWhereOneLayerHasPositions) {
  // Of all outputs of one layer kExpand is exact: this fixes where the number of positions goes.
  for (const Conv2dShape& shape :
       {Conv2dShape{.in = 2, .out = 3, .kernel = 3, .padding = 1},
        Conv2dShape{.in = 2, .out = 2, .kernel = 2, .stride = 2, .bias = false},
        Conv2dShape{.in = 4, .out = 2, .kernel = 3, .stride = 2, .padding = 1, .groups = 2}}) {
    CurvatureProblem p = testing::convolution_alone(shape);
    p.subset.weights = at::linspace(0.5, 2, p.subset.size(), at::kDouble);
    const Tensor exact = dense_ggn(p);
    expect_equal(dense_kfac(p, {.targets = kExact}), exact);
    EXPECT_GT(
        largest(dense_kfac(p, {.targets = kExact, .sharing = WeightSharing::kReduce}) - exact),
        0.1 * largest(exact));
  }
  const CurvatureProblem p =
      testing::regression_problem("positions", {5, 3}, [](Sequential& net, ParameterTable& table) {
        net.add<Linear>(table, "fc", 3, 2);
        net.add<Flatten>();
      });
  expect_equal(dense_kfac(p, {.targets = kExact}), dense_ggn(p));
}

TEST(Kfac, IsExactForDeepLinearNetworks) {
  const CurvatureProblem expanded = testing::deep_linear_over_positions();
  Tensor exact = layer_blocks(expanded.model, dense_ggn(expanded));
  expect_equal(dense_kfac(expanded, {.targets = kExact}), exact);
  const CurvatureProblem reduced = testing::deep_linear_with_pooling();
  exact = layer_blocks(reduced.model, dense_ggn(reduced));
  const KroneckerOptions reduce{.targets = kExact, .sharing = WeightSharing::kReduce};
  expect_equal(dense_kfac(reduced, reduce), exact);
  EXPECT_GT(largest(dense_kfac(reduced, {.targets = kExact}) - exact), 0.1 * largest(exact));
}

TEST(Kfac, ReducesTiedWeightsLikePositions) {
  // W (W x), x fixed: each use has one position, and the gradient is the sum of two products.
  const CurvatureProblem p = testing::tied_weights();
  const Kfac expanded = kfac(p, {.targets = kExact});
  EXPECT_TRUE(expanded.diagonal_parameters().empty());
  const Tensor x = p.subset.dataset->inputs;
  const Tensor y = x.mm(p.model.parameters()[0].detach().t()).tanh();
  expect_equal(expanded.factors().a[0][0], (x.t().mm(x) + y.t().mm(y)) / (2.0 * 7));
  const Kfac reduced = kfac(p, {.targets = kExact, .sharing = WeightSharing::kReduce});
  const Tensor mean = (x + y) / 2;
  expect_equal(reduced.factors().a[0][0], mean.t().mm(mean) / 7.0);
}

class KfacProblems : public ::testing::TestWithParam<std::string> {
 protected:
  KfacProblems() : p_(curvature_problem(GetParam())) {}
  CurvatureProblem p_;
};

TEST_P(KfacProblems, HasBlocksAndADiagonal) {
  const Tensor matrix = dense_kfac(p_, {.targets = kExact});
  EXPECT_TRUE(layer_blocks(p_.model, matrix, groups_of_problem()).equal(matrix));
  // What has no block has the diagonal of the Fisher.
  std::map<std::string, std::int64_t> none = groups_of_problem();
  const Tensor exact = dense_ggn(p_).diagonal();
  Tensor found = matrix.diagonal();
  std::vector<std::string> names;
  for (const ParameterInfo& info : p_.model.parameter_infos()) {
    const auto layer = none.find(info.name.substr(0, info.name.rfind('.')));
    if (layer == none.end() || layer->second != 0) continue;
    names.push_back(info.name);
    expect_equal(found.narrow(0, info.offset, info.size), exact.narrow(0, info.offset, info.size));
  }
  EXPECT_EQ(kfac(p_, {}).diagonal_parameters(), names);
}

TEST_P(KfacProblems, IsSymmetricAndAboveItsFloor) {
  for (const WeightSharing sharing : kBoth) {
    const Kfac matrix =
        kfac(p_, {.targets = FisherTargets::kDrawn, .sharing = sharing, .draws = 1, .seed = 2});
    const Tensor all = matrix.as_dense();
    EXPECT_LT(largest(all - all.t()), 1e-14 * largest(all));
    EXPECT_EQ(matrix.eigenvalue_floor(), p_.objective.l2);
    EXPECT_GE(at::linalg_eigvalsh(all).min().item<double>(), p_.objective.l2 - 1e-14);
  }
}

TEST_P(KfacProblems, InverseIsExact) {
  for (const WeightSharing sharing : kBoth) {
    const Kfac matrix = kfac(p_, {.targets = kExact, .sharing = sharing});
    for (const double damping : {0.0, 0.3}) {
      const OperatorPtr inverse = matrix.inverse(damping);
      const Tensor damped = matrix.as_dense() + identity(p_, damping);
      EXPECT_LT(largest(inverse->apply(damped) - identity(p_, 1)), 1e-11);
      const double smallest = at::linalg_eigvalsh(inverse->as_dense()).min().item<double>();
      EXPECT_NEAR(*inverse->eigenvalue_floor(), smallest, 1e-12 * smallest + 1e-14);
    }
  }
}

TEST_P(KfacProblems, DoesNotDependOnBatches) {
  p_.subset.weights = at::linspace(0.5, 2, 13, at::kDouble);
  for (const WeightSharing sharing : kBoth) {
    for (const FisherTargets targets : {kExact, FisherTargets::kEmpirical}) {
      const Tensor whole =
          dense_kfac(p_, {.targets = targets, .sharing = sharing, .batch_size = 13});
      for (const std::int64_t batch : {1, 5, 12}) {
        expect_equal(dense_kfac(p_, {.targets = targets, .sharing = sharing, .batch_size = batch}),
                     whole);
      }
    }
  }
}

TEST_P(KfacProblems, WeightsCountExamples) {
  CurvatureProblem repeated = curvature_problem(GetParam());
  std::vector<std::int64_t> rows;
  for (std::int64_t i = 0; i < 13; ++i) {
    for (std::int64_t j = 0; j <= i % 3; ++j) rows.push_back(i);
  }
  repeated.subset = repeated.subset.with_rows(at::tensor(rows));
  p_.subset.weights = at::arange(13).remainder(3).add(1).to(at::kDouble);
  for (const WeightSharing sharing : kBoth) {
    const KroneckerOptions options{.targets = kExact, .sharing = sharing};
    expect_equal(dense_kfac(p_, options), dense_kfac(repeated, options));
  }
}

TEST_P(KfacProblems, DrawsApproachTheExpectation) {
  const Tensor exact = dense_kfac(p_, {.targets = kExact});
  // The mean over a few seeds: one of few draws may be near by luck.
  const auto error = [&](std::int64_t draws) {
    double sum = 0;
    for (std::uint64_t seed = 0; seed < 8; ++seed) {
      const Tensor drawn =
          dense_kfac(p_, {.targets = FisherTargets::kDrawn, .draws = draws, .seed = seed});
      sum += ((drawn - exact).norm() / exact.norm()).item<double>() / 8;
    }
    return sum;
  };
  const double few = error(10), many = error(1000);
  EXPECT_LT(many, 0.06);
  EXPECT_LT(many, few / 5) << "the error falls like one over the root of the draws";
}

TEST_P(KfacProblems, SharingOfOnePositionIsOneThing) {
  const Tensor expanded = dense_kfac(p_, {.targets = kExact});
  const Tensor reduced = dense_kfac(p_, {.targets = kExact, .sharing = WeightSharing::kReduce});
  const bool positions = GetParam() == "convolutions" || GetParam() == "tokens" ||
                         GetParam() == "gpt" || GetParam() == "language" || GetParam() == "decoder";
  EXPECT_EQ(largest(expanded - reduced) > 1e-12 * largest(expanded), positions);
}

INSTANTIATE_TEST_SUITE_P(Problems, KfacProblems,
                         ::testing::ValuesIn(testing::curvature_problem_names()),
                         [](const auto& each) { return each.param; });

// The same sequences with more padding behind them have the same factors, but for the positions'
// own table: what a layer sees where no gradient arrives is no part of its inputs.
TEST(Kfac, OfSequencesDoesNotSeePadding) {
  const CurvatureProblem p = curvature_problem("language");
  auto longer = std::make_shared<Dataset>(*p.subset.dataset);
  longer->inputs = at::constant_pad_nd(longer->inputs, {0, 3}, 2);
  longer->sequences.next = at::constant_pad_nd(longer->sequences.next, {0, 3}, kNoTarget);
  longer->validate("longer");
  CurvatureProblem q{p.name, testing::all_of(longer), p.objective,
                     testing::make_model("gpt", "{layers: 1, width: 3, heads: 1}", *longer)};
  Tensors pieces = p.model.split(p.model.theta());
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    if (!p.model.parameter_infos()[i].name.starts_with("wpe")) continue;
    pieces[i] = at::constant_pad_nd(pieces[i], {0, 0, 0, 3}, 0.7);
  }
  q.model.set_theta(q.model.join(pieces));
  for (const WeightSharing sharing : kBoth) {
    for (const FisherTargets targets : {kExact, FisherTargets::kEmpirical}) {
      const KroneckerOptions options{.targets = targets, .sharing = sharing};
      const KroneckerFactors own = kfac(p, options).factors(), other = kfac(q, options).factors();
      ASSERT_EQ(own.a.size(), 4u);
      for (std::size_t i = 0; i < own.a.size(); ++i) {
        expect_equal(other.a[i], own.a[i]);
        expect_equal(other.g[i], own.g[i]);
      }
    }
  }
}

// A head behind an embedding, all weights 0: each token is as likely as any other, and the factors
// of the head are exact, for sequences of all lengths.
TEST(Kfac, HasTheScaleOfTheFisherOfSequences) {
  CurvatureProblem p = curvature_problem("language");
  auto data = std::make_shared<Dataset>(*p.subset.dataset);
  const Tensor lengths = at::arange(data->size()).remainder(4).add(1).unsqueeze(1);
  const Tensor at = at::arange(4).unsqueeze(0);
  data->sequences.next = at::where(at.lt(lengths), data->sequences.next.clamp_min(0), kNoTarget);
  data->sequences.answer_begin.zero_();
  data->targets = data->sequences.next.select(1, 0).contiguous();
  data->validate("lengths");
  Model model = testing::toy_model([](Sequential& net, ParameterTable& table) {
    net.add<Embedding>(table, "embedding", 3, 3);
    net.add<Linear>(table, "head", 3, 3);
  });
  Tensors pieces = model.split(model.theta().clone());
  for (std::size_t i = 1; i < pieces.size(); ++i) pieces[i].zero_();
  model.set_theta(model.join(pieces));
  CurvatureProblem q{"head", testing::all_of(data), p.objective, std::move(model)};
  q.subset.weights = at::linspace(0.5, 2, q.subset.size(), at::kDouble);
  const std::int64_t head = 9;  // parameters of the embedding, whose gradients are 0 here
  const auto of_head = [&](const Tensor& matrix) { return matrix.slice(0, head).slice(1, head); };
  expect_equal(of_head(dense_kfac(q, {.targets = kExact})), of_head(dense_ggn(q)));
}

TEST(Kfac, FactoredInverseSplitsTheDampingByTraces) {
  const auto data = testing::make_dataset(20, 4, 3);
  const Model model = testing::make_model("logistic", "{bias: false}", *data);
  CostMeter cost;
  const Objective objective{LossKind::kCrossEntropy, 0.02};
  const Kfac matrix(model, testing::all_of(data), objective, cost, {.targets = kExact});
  const Tensor a = matrix.factors().a[0][0], g = matrix.factors().g[0][0];
  expect_equal(a, data->inputs.t().mm(data->inputs) / 20.0);
  const double pi = std::sqrt((a.trace().item<double>() / 4) / (g.trace().item<double>() / 3));
  const double root = std::sqrt(0.02 + 0.05);
  const Tensor left = at::linalg_inv(g + root / pi * at::eye(3, at::kDouble));
  const Tensor right = at::linalg_inv(a + pi * root * at::eye(4, at::kDouble));
  const Tensor inverse = matrix.factored_inverse(0.05)->as_dense();
  expect_equal(inverse, at::kron(left, right));
  EXPECT_GT(largest(inverse - matrix.inverse(0.05)->as_dense()), 0.1) << "two matrices, two names";
}

TEST(Kfac, FactoredInverseOfADiagonalIsExact) {
  const CurvatureProblem p = curvature_problem("tokens");
  const Kfac matrix = kfac(p, {.targets = kExact});
  const Tensor exact = matrix.inverse(0.1)->as_dense(),
               split = matrix.factored_inverse(0.1)->as_dense();
  const ParameterInfo& table = p.model.parameter_infos()[0];
  expect_equal(split.diagonal().narrow(0, table.offset, table.size),
               exact.diagonal().narrow(0, table.offset, table.size));
  EXPECT_GT(at::linalg_eigvalsh(split).min().item<double>(), 0);
}

TEST(Kfac, DrawsHaveTheCovarianceAskedFor) {
  const CurvatureProblem p = curvature_problem("tokens");
  const Kfac matrix = kfac(p, {.targets = kExact});
  constexpr int kDraws = 4000;
  Generator generator(5);
  for (const double power : {-1.0, -0.5}) {
    const auto [values, vectors] = at::linalg_eigh(matrix.as_dense() + identity(p, 0.2));
    // Whitened draws have the identity for their covariance, entries within a few deviations.
    const Tensor root = vectors.mm((values.pow(-power / 2)).diag()).mm(vectors.t());
    Tensor sum = at::zeros({p.model.dim(), p.model.dim()}, at::kDouble);
    for (int i = 0; i < kDraws; ++i) {
      const Tensor white = root.mv(matrix.sample(0.01, power, 0.2, generator)) / 0.1;
      sum += at::outer(white, white);
    }
    EXPECT_LT(largest(sum / kDraws - identity(p, 1)), 6 * std::sqrt(2.0 / kDraws));
  }
}

TEST(Kfac, CostIsCountedInThirdsOfAGradient) {
  const CurvatureProblem p = curvature_problem("mlp", 12);
  CostMeter drawn, expected;
  const Kfac one(p.model, p.subset, p.objective, drawn,
                 {.targets = FisherTargets::kDrawn, .batch_size = 5, .draws = 1});
  EXPECT_NEAR(drawn.sample_gradients(), 12, 1e-9);
  const Kfac exact(p.model, p.subset, p.objective, expected, {.targets = kExact});
  EXPECT_NEAR(expected.sample_gradients(), 12 * (1 + 2 * 3) / 3.0, 1e-9);
  exact.apply(at::ones({p.model.dim(), 2}, at::kDouble));
  EXPECT_NEAR(expected.sample_gradients(), 12 * (1 + 2 * 3) / 3.0, 1e-9);
  EXPECT_EQ(exact.column_cost(), 0);
}

TEST(Kfac, OfFloat32AgreesWithFloat64) {
  const auto data = testing::make_dataset(50, 6, 4);
  const Model wide = testing::make_model("mlp", "{hidden: [7]}", *data);
  const Settings settings(parse_settings("{hidden: [7]}", "test"));
  const Network network =
      builtin_architectures().find("mlp").configure(settings)({data->input_shape(), 4});
  Model narrow(network.layers, network.table, at::kFloat);
  narrow.set_theta(wide.theta());
  CostMeter cost;
  const Kfac a(wide, testing::all_of(data), {}, cost, {.targets = kExact});
  const Kfac b(narrow, testing::all_of(data), {}, cost, {.targets = kExact});
  expect_equal(b.as_dense(), a.as_dense(), 1e-6);
}

TEST(Kfac, RefusesWhatHasNoAnswer) {
  CurvatureProblem p = curvature_problem("logistic", 2);  // two examples in five dimensions
  p.objective.l2 = 0;
  EXPECT_ERROR(ErrorKind::kNumerics, kfac(p, {}).inverse(0), HasSubstr("larger damping"));
  EXPECT_ERROR(ErrorKind::kUsage, kfac(p, {.targets = FisherTargets::kDrawn, .draws = 0}),
               HasSubstr("at least one"));
  p.model.set_theta(at::full({p.model.dim()}, 1e308, at::kDouble));
  EXPECT_ERROR(ErrorKind::kNumerics, kfac(p, {.targets = kExact}), HasSubstr("not finite"));
  p.subset = p.subset.with_rows(at::empty({0}, at::kLong));
  EXPECT_ERROR(ErrorKind::kUsage, kfac(p, {}), HasSubstr("empty set"));
}

TEST(Kfac, SaysWhatItIs) {
  CurvatureProblem p = curvature_problem("mlp", 5);
  EXPECT_EQ(kfac(p, {}).describe(),
            "K-FAC matrix, positions expanded, exact over the targets, l2 0.05 included");
  const KroneckerOptions drawn{.targets = FisherTargets::kDrawn, .draws = 1};
  EXPECT_EQ(kfac(p, drawn).describe(),
            "K-FAC matrix, positions expanded, 1 drawn target for each example, l2 0.05 included");
}

// Exact where there are few outputs, drawn where there are many.
TEST(Kfac, ChoosesItsTargetsByTheNumberOfOutputs) {
  const auto chosen = [](std::int64_t classes) {
    const auto data = testing::make_dataset(40, 4, classes);
    const Model model = testing::make_model("logistic", "{}", *data);
    return *KroneckerOptions{}.resolved(model, testing::all_of(data), {}).targets;
  };
  EXPECT_EQ(chosen(16), FisherTargets::kExpected);
  EXPECT_EQ(chosen(17), FisherTargets::kDrawn);
}

// A model that is sure of itself: a drawn target is all but always the one it predicts, so that one
// draw for each example sees next to no curvature where there is some.
TEST(Kfac, OfASureModelIsNotNothing) {
  CurvatureProblem p = curvature_problem("mlp", 12);
  p.objective.l2 = 0;
  p.model.set_theta(p.model.theta() * 12);
  const double exact = dense_ggn(p).trace().item<double>();
  ASSERT_GT(exact, 0);
  const auto trace = [&](const KroneckerOptions& options) {
    return dense_kfac(p, options).trace().item<double>();
  };
  EXPECT_NEAR(trace({}) / exact, 1, 0.7);
  EXPECT_LT(trace({.targets = FisherTargets::kDrawn, .draws = 1}) / exact, 0.3)
      << "the test needs a model that is sure of itself";
}

}  // namespace
}  // namespace oubli
