// Sums of a a' over many vectors a: the rows of a matrix, or the patches that a convolution sees.
//
// They are one factor of a Kronecker-factored curvature matrix (core/curvature/kfac.h), and what
// makes it dear: patches overlap, and unfolding them multiplies an image by kernel^2. Here overlap
// is used. With a patch cut into its rows, z_r the stretch of an image row r that the patch covers,
//
//   sum_t a_t a_t' [(c, u, v), (d, u', v')] = sum_i B_{i s + u, i s + u'} [(c, v), (d, v')],
//   B_{r, r'} = sum z_r z_r'  over examples and horizontal places,
//
// for stride s, so that each pair of image rows is multiplied once and not once for each position
// of the patch. Where images are narrow whole rows are multiplied, over the examples alone, and
// summed over horizontal places afterwards: nothing is unfolded. Exact up to rounding.
//
// Cost in multiply-adds for each image of H rows of W pixels, C channels, T positions, kernel k:
// k H W (C k)^2, or k H (C W)^2 with whole rows, against T (C k^2)^2 of the plain product.
#pragma once

#include "core/base/tensor.h"

namespace oubli {

// Adds rows' rows, [n, n] for rows [m, n], to the lower triangle of `sum`, of the same type; what
// stands above the diagonal afterwards has no meaning. About half the work of a product.
void add_lower_moment(const Tensor& rows, const Tensor& sum);

// The symmetric matrices [..., n, n] with these lower triangles.
Tensor from_lower(const Tensor& lower);

// Square windows that a convolution moves over images.
struct KernelWindow {
  std::int64_t kernel = 1;
  std::int64_t stride = 1;
  std::int64_t padding = 0;
};

// sum over examples and positions of a a', images [b, C, H, W] -> [C k k, C k k]; a in the order of
// im2col: channel, row, column.
Tensor patch_moment(const Tensor& images, const KernelWindow& window);

// sum over examples and positions of a: [C k k].
Tensor patch_sum(const Tensor& images, const KernelWindow& window);

}  // namespace oubli
