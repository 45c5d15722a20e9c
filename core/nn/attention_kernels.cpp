#include "core/nn/attention_kernels.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <algorithm>
#include <cmath>
#include <vector>

namespace oubli {
namespace {

// One head: e numbers of each position, rows of queries, keys and values `stride` apart.
struct HeadShape {
  std::int64_t positions, e, features;
  std::int64_t stride() const { return 3 * features; }
};

// Inlined into each function below, to be compiled for its instructions.
#define OUBLI_INLINE [[gnu::always_inline]] inline

template <typename T>
OUBLI_INLINE T dot(const T* a, const T* b, std::int64_t n) {
  T sum = 0;
#pragma omp simd reduction(+ : sum)
  for (std::int64_t i = 0; i < n; ++i) sum += a[i] * b[i];
  return sum;
}

template <typename T>
OUBLI_INLINE void add_scaled(T factor, const T* a, T* sum, std::int64_t n) {
#pragma omp simd
  for (std::int64_t i = 0; i < n; ++i) sum[i] += factor * a[i];
}

// Scores in place become weights.
template <typename T>
OUBLI_INLINE void softmax(T* p, std::int64_t n) {
  T largest = p[0];
  for (std::int64_t j = 1; j < n; ++j) largest = std::max(largest, p[j]);
  T total = 0;
  for (std::int64_t j = 0; j < n; ++j) {
    p[j] = std::exp(p[j] - largest);
    total += p[j];
  }
  for (std::int64_t j = 0; j < n; ++j) p[j] /= total;
}

template <typename T>
OUBLI_INLINE void attend_head(const HeadShape& z, const T* q, T* p, T* o) {
  const T* const k = q + z.features;
  const T* const v = k + z.features;
  const T scale = T(1) / std::sqrt(static_cast<T>(z.e));
  for (std::int64_t i = 0; i < z.positions; ++i) {
    T* const row = p + i * z.positions;
    for (std::int64_t j = 0; j <= i; ++j) {
      row[j] = scale * dot(q + i * z.stride(), k + j * z.stride(), z.e);
    }
    softmax(row, i + 1);
    T* const out = o + i * z.features;
    std::fill(out, out + z.e, T(0));
    for (std::int64_t j = 0; j <= i; ++j) add_scaled(row[j], v + j * z.stride(), out, z.e);
  }
}

// With P the weights, gP = g v' and gS = P o (gP - sum(P o gP)) by rows. gx is 0 before.
template <typename T>
OUBLI_INLINE void attend_head_adjoint(const HeadShape& z, const T* q, const T* p, const T* g, T* gq,
                                      T* slopes) {
  const T* const k = q + z.features;
  const T* const v = k + z.features;
  T* const gk = gq + z.features;
  T* const gv = gk + z.features;
  const T scale = T(1) / std::sqrt(static_cast<T>(z.e));
  for (std::int64_t i = 0; i < z.positions; ++i) {
    const T* const row = p + i * z.positions;
    const T* const go = g + i * z.features;
    T mean = 0;
    for (std::int64_t j = 0; j <= i; ++j) {
      slopes[j] = dot(go, v + j * z.stride(), z.e);
      mean += row[j] * slopes[j];
    }
    for (std::int64_t j = 0; j <= i; ++j) {
      const T slope = scale * row[j] * (slopes[j] - mean);
      add_scaled(slope, k + j * z.stride(), gq + i * z.stride(), z.e);
      add_scaled(slope, q + i * z.stride(), gk + j * z.stride(), z.e);
      add_scaled(row[j], go, gv + j * z.stride(), z.e);
    }
  }
}

template <typename T>
struct Kernels {
  void (*attend)(const HeadShape&, const T* q, T* p, T* o);
  void (*adjoint)(const HeadShape&, const T* q, const T* p, const T* g, T* gq, T* slopes);
};

// Types and attributes cannot stand in parentheses.
// NOLINTBEGIN(bugprone-macro-parentheses)
#define OUBLI_KERNELS(suffix, attribute, T)                                                      \
  attribute void attend_##suffix(const HeadShape& z, const T* q, T* p, T* o) {                   \
    attend_head<T>(z, q, p, o);                                                                  \
  }                                                                                              \
  attribute void adjoint_##suffix(const HeadShape& z, const T* q, const T* p, const T* g, T* gq, \
                                  T* slopes) {                                                   \
    attend_head_adjoint<T>(z, q, p, g, gq, slopes);                                              \
  }
// NOLINTEND(bugprone-macro-parentheses)
OUBLI_KERNELS(plain, , float)
OUBLI_KERNELS(plain, , double)
#if defined(__x86_64__)
OUBLI_KERNELS(avx2, [[gnu::target("avx2,fma")]], float)
OUBLI_KERNELS(avx2, [[gnu::target("avx2,fma")]], double)
#endif
#undef OUBLI_KERNELS

template <typename T>
const Kernels<T>& attention_kernels() {
#if defined(__x86_64__)
  static const Kernels<T> fast = {attend_avx2, adjoint_avx2};
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return fast;
#endif
  static const Kernels<T> plain = {attend_plain, adjoint_plain};
  return plain;
}

HeadShape head_shape(const Tensor& x, std::int64_t heads) {
  const std::int64_t features = x.size(2) / 3;
  return {x.size(1), features / heads, features};
}

// Calls work(example) for all of them, shared out over LibTorch's threads.
template <typename Work>
void over_sequences(const Tensor& x, const Work& work) {
  constexpr std::int64_t kWorthAThread = 1 << 14;
  const std::int64_t each = std::max<std::int64_t>(1, x.size(1) * x.size(2));
  at::parallel_for(0, x.size(0), std::max<std::int64_t>(1, kWorthAThread / each),
                   [&](std::int64_t begin, std::int64_t end) {
                     for (std::int64_t example = begin; example < end; ++example) work(example);
                   });
}

template <typename T>
Attended attend_all(const Tensor& x, std::int64_t heads) {
  const HeadShape z = head_shape(x, heads);
  const std::int64_t b = x.size(0), t = z.positions;
  Attended result{at::zeros({b, heads, t, t}, x.options()),
                  at::empty({b, t, z.features}, x.options())};
  const T* const from = x.const_data_ptr<T>();
  T* const p = result.weights.mutable_data_ptr<T>();
  T* const o = result.output.mutable_data_ptr<T>();
  over_sequences(x, [&](std::int64_t example) {
    for (std::int64_t h = 0; h < heads; ++h) {
      attention_kernels<T>().attend(z, from + example * t * z.stride() + h * z.e,
                                    p + (example * heads + h) * t * t,
                                    o + example * t * z.features + h * z.e);
    }
  });
  return result;
}

template <typename T>
Tensor adjoint_all(const Tensor& x, const Tensor& weights, const Tensor& g) {
  const std::int64_t heads = weights.size(1);
  const HeadShape z = head_shape(x, heads);
  const std::int64_t t = z.positions;
  Tensor gx = at::zeros_like(x);
  const T* const from = x.const_data_ptr<T>();
  const T* const p = weights.const_data_ptr<T>();
  const T* const go = g.const_data_ptr<T>();
  T* const to = gx.mutable_data_ptr<T>();
  over_sequences(x, [&](std::int64_t example) {
    std::vector<T> slopes(static_cast<std::size_t>(t));
    for (std::int64_t h = 0; h < heads; ++h) {
      const std::int64_t at = example * t * z.stride() + h * z.e;
      attention_kernels<T>().adjoint(z, from + at, p + (example * heads + h) * t * t,
                                     go + example * t * z.features + h * z.e, to + at,
                                     slopes.data());
    }
  });
  return gx;
}

}  // namespace

Attended attend(const Tensor& x, std::int64_t heads) {
  return x.scalar_type() == at::kFloat ? attend_all<float>(x, heads) : attend_all<double>(x, heads);
}

Tensor attend_adjoint(const Tensor& x, const Tensor& weights, const Tensor& g) {
  const Tensor whole = g.contiguous();
  return x.scalar_type() == at::kFloat ? adjoint_all<float>(x, weights, whole)
                                       : adjoint_all<double>(x, weights, whole);
}

}  // namespace oubli
