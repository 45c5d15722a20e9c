#include "core/nn/kernel_gradients.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <algorithm>
#include <vector>

namespace oubli {
namespace {

// One example of one group, gathered: x [H + 2 p, W + 2 p, c], g [H', W', outs], dW [k, k, c, outs]
// with outs rounded up to whole vectors.
struct Sizes {
  std::int64_t kernel, strip;           // k, and k c: the stretch that a patch's row covers
  std::int64_t down, across;            // H', W'
  std::int64_t image_row;               // (W + 2 p) c
  std::int64_t step_down, step_across;  // from one place of the window to the next
  std::int64_t outs;
};

template <typename T, int kBytes>
struct Vector {
  typedef T Type __attribute__((vector_size(kBytes), aligned(alignof(T)), may_alias));
  static constexpr std::int64_t kLanes = kBytes / sizeof(T);
};

// Inlined into each function below, to be compiled for its instructions.
#define OUBLI_INLINE [[gnu::always_inline]] inline

// kStrip entries of a patch's row by a vector of outputs.
template <typename T, int kBytes, int kStrip>
OUBLI_INLINE void tile(const Sizes& z, const T* x, const T* g, T* dw) {
  using V = typename Vector<T, kBytes>::Type;
  V sums[kStrip] = {};
  for (std::int64_t i = 0; i < z.down; ++i) {
    const T* patch = x + i * z.step_down;
    for (std::int64_t j = 0; j < z.across; ++j) {
      const V gradient = *reinterpret_cast<const V*>(g);
#pragma GCC unroll 16
      for (int s = 0; s < kStrip; ++s) sums[s] += patch[s] * gradient;
      patch += z.step_across;
      g += z.outs;
    }
  }
#pragma GCC unroll 16
  for (int s = 0; s < kStrip; ++s) *reinterpret_cast<V*>(dw + s * z.outs) = sums[s];
}

// `count` entries, at most kStrip, of a patch's row: their number has to be a constant.
template <typename T, int kBytes, int kStrip>
OUBLI_INLINE void tile_of(std::int64_t count, const Sizes& z, const T* x, const T* g, T* dw) {
  if constexpr (kStrip > 1) {
    if (count < kStrip) return tile_of<T, kBytes, kStrip - 1>(count, z, x, g, dw);
  }
  tile<T, kBytes, kStrip>(z, x, g, dw);
}

// As many entries at a time as the registers of the instruction set hold sums.
template <typename T, int kStrip>
OUBLI_INLINE void example_gradient(const Sizes& z, const T* x, const T* g, T* dw) {
  constexpr std::int64_t kWide = Vector<T, 64>::kLanes, kNarrow = Vector<T, 32>::kLanes;
  for (std::int64_t u = 0; u < z.kernel; ++u) {
    for (std::int64_t s = 0; s < z.strip; s += kStrip) {
      const std::int64_t count = std::min<std::int64_t>(kStrip, z.strip - s);
      const T* const patch = x + u * z.image_row + s;
      T* const row = dw + (u * z.strip + s) * z.outs;
      std::int64_t o = 0;
      for (; o + kWide <= z.outs; o += kWide)
        tile_of<T, 64, kStrip>(count, z, patch, g + o, row + o);
      for (; o < z.outs; o += kNarrow) tile_of<T, 32, kStrip>(count, z, patch, g + o, row + o);
    }
  }
}

template <typename T>
using Kernel = void (*)(const Sizes&, const T*, const T*, T*);

template <typename T>
void portable(const Sizes& z, const T* x, const T* g, T* dw) {
  example_gradient<T, 4>(z, x, g, dw);
}

#if defined(__x86_64__)
#define OUBLI_KERNEL(name, instructions, strip)                                             \
  [[gnu::target(instructions)]] void name(const Sizes& z, const float* x, const float* g,   \
                                          float* dw) {                                      \
    example_gradient<float, strip>(z, x, g, dw);                                            \
  }                                                                                         \
  [[gnu::target(instructions)]] void name(const Sizes& z, const double* x, const double* g, \
                                          double* dw) {                                     \
    example_gradient<double, strip>(z, x, g, dw);                                           \
  }
OUBLI_KERNEL(with_avx2, "avx2,fma", 5)
OUBLI_KERNEL(with_avx512, "avx512f,avx512vl,avx512dq,avx512bw,avx2,fma", 10)
#undef OUBLI_KERNEL
#endif

template <typename T>
Kernel<T> fastest_kernel() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
      __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw")) {
    return with_avx512;
  }
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return with_avx2;
#endif
  return portable<T>;
}

// Copies channels first .. first + count of an example [C, H, W], of any layout, to rows of pixels
// of `pixel` values, `row` values apart.
template <typename T>
void gather(const Tensor& all, std::int64_t example, std::int64_t first, std::int64_t count, T* to,
            std::int64_t row, std::int64_t pixel) {
  const std::int64_t height = all.size(2), width = all.size(3);
  const std::int64_t channel = all.stride(1), down = all.stride(2), across = all.stride(3);
  const T* const from = all.const_data_ptr<T>() + example * all.stride(0) + first * channel;
  const bool whole_rows = channel == 1 && across == count && pixel == count;
  for (std::int64_t i = 0; i < height; ++i) {
    if (whole_rows) {
      std::copy_n(from + i * down, width * count, to + i * row);
      continue;
    }
    for (std::int64_t j = 0; j < width; ++j) {
      for (std::int64_t c = 0; c < count; ++c) {
        to[i * row + j * pixel + c] = from[i * down + j * across + c * channel];
      }
    }
  }
}

// Calls use(example, gradient, dw) for one group, its gradients dw [k, k, c, outs] one after the
// other for examples begin .. end.
template <typename T>
class ColumnGroup {
 public:
  ColumnGroup(const Tensor& x, const Tensors& gs, const KernelWindow& window, std::int64_t groups,
              std::int64_t number)
      : x_(x), gs_(gs), padding_(window.padding), number_(number) {
    constexpr std::int64_t kLanes = Vector<T, 32>::kLanes;
    channels_ = x.size(1) / groups;
    outs_ = gs[0].size(1) / groups;
    const std::int64_t row = (x.size(3) + 2 * window.padding) * channels_;
    sizes_ = {.kernel = window.kernel,
              .strip = window.kernel * channels_,
              .down = gs[0].size(2),
              .across = gs[0].size(3),
              .image_row = row,
              .step_down = window.stride * row,
              .step_across = window.stride * channels_,
              .outs = (outs_ + kLanes - 1) / kLanes * kLanes};
  }

  std::int64_t size() const { return sizes_.kernel * sizes_.strip * sizes_.outs; }

  // As [..., out, c, k, k], of the group's values [..., k, k, c, outs].
  Tensor ordered(const Tensor& values) const {
    std::vector<std::int64_t> shape = {sizes_.kernel, sizes_.kernel, channels_, sizes_.outs};
    const std::int64_t leading = values.dim() - 1;
    if (leading == 1) shape.insert(shape.begin(), values.size(0));
    return values.view(shape).narrow(-1, 0, outs_).movedim({-1, -2}, {leading, leading + 1});
  }

  template <typename Use>
  void for_each(std::int64_t begin, std::int64_t end, const Use& use) const {
    static const Kernel<T> kernel = fastest_kernel<T>();
    std::vector<T> image((x_.size(2) + 2 * padding_) * sizes_.image_row, T(0));
    std::vector<T> gradient(sizes_.down * sizes_.across * sizes_.outs, T(0));
    std::vector<T> dw(size());
    T* const inside = image.data() + padding_ * (sizes_.image_row + channels_);
    for (std::int64_t example = begin; example < end; ++example) {
      gather(x_, example, number_ * channels_, channels_, inside, sizes_.image_row, channels_);
      for (const Tensor& g : gs_) {
        gather(g, example, number_ * outs_, outs_, gradient.data(), sizes_.across * sizes_.outs,
               sizes_.outs);
        kernel(sizes_, image.data(), gradient.data(), dw.data());
        use(example, dw);
      }
    }
  }

 private:
  const Tensor& x_;
  const Tensors& gs_;
  std::int64_t padding_, number_;
  std::int64_t channels_ = 0, outs_ = 0;
  Sizes sizes_{};
};

template <typename T>
void add_squares(const Tensor& x, const Tensors& gs, const KernelWindow& window,
                 std::int64_t groups, const Tensor& sums) {
  // Each thread adds up its share of the examples, so that their order never depends on timing.
  const std::int64_t n = x.size(0), parts = std::min<std::int64_t>(n, at::get_num_threads());
  const std::int64_t out = sums.size(0) / groups;
  for (std::int64_t number = 0; number < groups; ++number) {
    const ColumnGroup<T> group(x, gs, window, groups, number);
    const Tensor partial = at::zeros({parts, group.size()}, x.options());
    T* const totals = partial.mutable_data_ptr<T>();
    at::parallel_for(0, parts, 1, [&](std::int64_t first, std::int64_t last) {
      for (std::int64_t part = first; part < last; ++part) {
        T* const total = totals + part * group.size();
        group.for_each(part * n / parts, (part + 1) * n / parts,
                       [&](std::int64_t, const std::vector<T>& dw) {
                         for (std::size_t i = 0; i < dw.size(); ++i) total[i] += dw[i] * dw[i];
                       });
      }
    });
    sums.narrow(0, number * out, out).add_(group.ordered(partial.sum(0)));
  }
}

template <typename T>
Tensor each_gradient(const Tensor& x, const Tensor& g, const KernelWindow& window,
                     std::int64_t groups) {
  Tensors parts;
  for (std::int64_t number = 0; number < groups; ++number) {
    const Tensors gs = {g};
    const ColumnGroup<T> group(x, gs, window, groups, number);
    const Tensor values = at::empty({x.size(0), group.size()}, x.options());
    T* const to = values.mutable_data_ptr<T>();
    at::parallel_for(0, x.size(0), 1, [&](std::int64_t begin, std::int64_t end) {
      group.for_each(begin, end, [&](std::int64_t example, const std::vector<T>& dw) {
        std::copy(dw.begin(), dw.end(), to + example * group.size());
      });
    });
    parts.push_back(group.ordered(values));
  }
  return at::cat(parts, 1);
}

}  // namespace

Tensor kernel_gradients(const Tensor& x, const Tensor& g, const KernelWindow& window,
                        std::int64_t groups) {
  return x.scalar_type() == at::kDouble ? each_gradient<double>(x, g, window, groups)
                                        : each_gradient<float>(x, g, window, groups);
}

void add_squared_kernel_gradients(const Tensor& x, const Tensors& gs, const KernelWindow& window,
                                  std::int64_t groups, const Tensor& sums) {
  if (x.size(0) == 0) return;
  if (x.scalar_type() == at::kDouble) {
    add_squares<double>(x, gs, window, groups, sums);
  } else {
    add_squares<float>(x, gs, window, groups, sums);
  }
}

}  // namespace oubli
