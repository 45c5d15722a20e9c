#include "core/nn/matrix_product.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "core/base/random.h"

namespace oubli {
namespace {

// Every way that linear layers call it, against float64.
void expect_product(const Tensor& a, const Tensor& b, const Tensor& bias) {
  const Tensor found = times_transposed(a, b, bias);
  Tensor expected = a.to(at::kDouble).mm(b.to(at::kDouble).t());
  if (bias.defined()) expected = expected + bias;
  EXPECT_EQ(found.scalar_type(), a.scalar_type());
  EXPECT_EQ(found.sizes(), expected.sizes());
  const double unit = a.scalar_type() == at::kFloat ? 1e-5 : 1e-13;
  EXPECT_LT((found - expected).abs().max().item<double>(), unit * static_cast<double>(a.size(1)));
}

TEST(MatrixProduct, IsExactToRoundingInBothTypesAndAllLayouts) {
  Generator generator(0);
  for (const at::ScalarType type : {at::kFloat, at::kDouble}) {
    const Tensor a = generator.normal({37, 19}, type), b = generator.normal({11, 19}, type);
    const Tensor bias = generator.normal({11}, type);
    expect_product(a, b, {});
    expect_product(a, b, bias);
    expect_product(a.t().contiguous().t(), b, {});
    expect_product(a, b.t().contiguous().t(), bias);
    expect_product(generator.normal({1, 19}, type), b, bias);
    EXPECT_EQ(times_transposed(a.narrow(0, 0, 0), b).size(0), 0);
  }
}

TEST(MatrixProduct, GivesTheSameBitsAgain) {
  Generator generator(1);
  const Tensor a = generator.normal({300, 64}, at::kFloat),
               b = generator.normal({96, 64}, at::kFloat);
  EXPECT_TRUE(times_transposed(a, b).equal(times_transposed(a.clone(), b.clone())));
}

}  // namespace
}  // namespace oubli
