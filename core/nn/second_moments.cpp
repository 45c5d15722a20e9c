#include "core/nn/second_moments.h"

#include <ATen/ATen.h>

#include <algorithm>

namespace oubli {
namespace {

// Places of the window along a side that has been padded.
std::int64_t places(std::int64_t side, const KernelWindow& window) {
  return (side - window.kernel) / window.stride + 1;
}

// Every `stride`-th entry from `first` along a dimension.
Tensor every(const Tensor& x, std::int64_t dimension, std::int64_t first, std::int64_t count,
             std::int64_t stride) {
  return x.slice(dimension, first, first + stride * (count - 1) + 1, stride);
}

Tensor padded(const Tensor& images, const KernelWindow& window) {
  const std::int64_t p = window.padding;
  return p == 0 ? images : at::constant_pad_nd(images, {p, p, p, p});
}

// Windows that do not overlap share no products.
Tensor by_unfolding(const Tensor& images, const KernelWindow& window) {
  constexpr std::int64_t kChunk = 32;
  const std::int64_t k = window.kernel;
  const std::int64_t n = images.size(1) * k * k;
  const Tensor sum = at::zeros({n, n}, images.options());
  for (std::int64_t begin = 0; begin < images.size(0); begin += kChunk) {
    const Tensor chunk = images.narrow(0, begin, std::min(kChunk, images.size(0) - begin));
    const Tensor patches =
        at::im2col(chunk.contiguous(), {k, k}, {1, 1}, {window.padding, window.padding},
                   {window.stride, window.stride});
    add_lower_moment(patches.transpose(1, 2).reshape({-1, n}), sum);
  }
  return from_lower(sum);
}

Tensor by_rows(const Tensor& x, const KernelWindow& window) {
  const std::int64_t b = x.size(0), c = x.size(1), height = x.size(2), k = window.kernel;
  const std::int64_t down = places(height, window), across = places(x.size(3), window);
  const Tensor z = x.unfold(3, k, window.stride)
                       .permute({2, 1, 4, 0, 3})
                       .reshape({height, c * k, b * across});  // stretches, for each image row
  const Tensor sum = at::empty({k, c * k, k, c * k}, x.options());
  for (std::int64_t lag = 0; lag < k; ++lag) {
    const Tensor pairs =
        at::bmm(z.narrow(0, 0, height - lag), z.narrow(0, lag, height - lag).transpose(1, 2));
    for (std::int64_t u = 0; u + lag < k; ++u) {
      const Tensor total = every(pairs, 0, u, down, window.stride).sum(0);
      sum.select(0, u).select(1, u + lag).copy_(total);
      if (lag > 0) sum.select(0, u + lag).select(1, u).copy_(total.t());
    }
  }
  return sum.view({k, c, k, k, c, k}).permute({1, 0, 2, 4, 3, 5}).reshape({c * k * k, c * k * k});
}

// No copy where the channels are innermost: an image row is then a stretch of memory.
Tensor by_whole_rows(const Tensor& x, const KernelWindow& window) {
  const std::int64_t c = x.size(1), height = x.size(2), width = x.size(3);
  const std::int64_t k = window.kernel, stride = window.stride;
  const std::int64_t down = places(height, window), across = places(width, window);
  const std::int64_t span = stride * (across - 1) + 1;
  const Tensor z = x.permute({2, 0, 3, 1}).flatten(2);  // [height, b, width c]
  const Tensor sum = at::empty({c, k, k, c, k, k}, x.options());
  for (std::int64_t lag = 0; lag < k; ++lag) {
    const Tensor pairs =
        at::bmm(z.narrow(0, 0, height - lag).transpose(1, 2), z.narrow(0, lag, height - lag));
    for (std::int64_t u = 0; u + lag < k; ++u) {
      const Tensor all = every(pairs, 0, u, down, stride).sum(0).view({width, c, width, c});
      // total[v, c, v', d] = sum_j all[j s + v, c, j s + v', d], by views.
      const Tensor total = all.unfold(0, span, 1)
                               .slice(0, 0, k)
                               .unfold(2, span, 1)
                               .slice(2, 0, k)
                               .slice(4, 0, span, stride)
                               .slice(5, 0, span, stride)
                               .diagonal(0, 4, 5)
                               .sum(-1);
      sum.select(1, u).select(3, u + lag).copy_(total.permute({1, 0, 3, 2}));
      if (lag > 0) sum.select(1, u + lag).select(3, u).copy_(total.permute({3, 2, 1, 0}));
    }
  }
  return sum.view({c * k * k, c * k * k});
}

}  // namespace

void add_lower_moment(const Tensor& rows, const Tensor& sum) {
  constexpr std::int64_t kBlock = 192;  // columns: wide enough for a product at full speed
  const std::int64_t n = rows.size(1);
  const std::int64_t blocks = std::max<std::int64_t>(1, n / kBlock);
  for (std::int64_t i = 0; i < blocks; ++i) {
    const std::int64_t begin = i * n / blocks, end = (i + 1) * n / blocks;
    sum.narrow(0, begin, end - begin)
        .narrow(1, 0, end)
        .addmm_(rows.narrow(1, begin, end - begin).t(), rows.narrow(1, 0, end));
  }
}

Tensor from_lower(const Tensor& lower) {
  const Tensor result = lower.tril();
  return result.add_(result.tril(-1).transpose(-2, -1));
}

Tensor patch_moment(const Tensor& images, const KernelWindow& window) {
  if (window.stride >= window.kernel) return by_unfolding(images, window);
  // A few examples at a time: their stretches are kernel times the images.
  constexpr std::int64_t kEntries = 1 << 22;
  const Tensor x = padded(images, window);
  // Whole rows cost width / kernel^2 of the other, and are products of a better shape.
  const bool whole = x.size(1) * x.size(3) <= 256 && x.size(3) < 2 * window.kernel * window.kernel;
  const std::int64_t chunk = std::max<std::int64_t>(1, kEntries / (x[0].numel() * window.kernel));
  Tensor sum;
  for (std::int64_t begin = 0; begin < x.size(0); begin += chunk) {
    const Tensor part = x.narrow(0, begin, std::min(chunk, x.size(0) - begin));
    const Tensor moment = whole ? by_whole_rows(part, window) : by_rows(part, window);
    sum = sum.defined() ? sum.add_(moment) : moment;
  }
  return sum;
}

Tensor patch_sum(const Tensor& images, const KernelWindow& window) {
  const Tensor x = padded(images.sum(0), window);
  return x.unfold(1, window.kernel, window.stride)
      .unfold(2, window.kernel, window.stride)
      .sum({1, 2})
      .flatten();
}

}  // namespace oubli
