#include "core/nn/max_pool_kernels.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <algorithm>

namespace oubli {
namespace {

constexpr int kBytes = 32;

template <typename T>
struct Lanes;
template <>
struct Lanes<float> {
  using Place = std::int32_t;
};
template <>
struct Lanes<double> {
  using Place = std::int64_t;
};

// One example, channels innermost.
struct Sizes {
  std::int64_t size, channels, down, across;  // k, C, H / k, W / k

  std::int64_t row() const { return across * size * channels; }  // of x
  std::int64_t outputs() const { return down * across * channels; }
  std::int64_t inputs() const { return outputs() * size * size; }
};

// Inlined into each function below, to be compiled for its instructions.
#define OUBLI_INLINE [[gnu::always_inline]] inline

// A vector of numbers, or one where a vector would reach past the example's end. A vector may reach
// past a pixel's channels into the next pixel's: everything is walked in the order of memory, so
// what is written there is written again.
template <typename T, bool kWhole>
struct Pack;
template <typename T>
struct Pack<T, true> {
  typedef T Value __attribute__((vector_size(kBytes), aligned(alignof(T)), may_alias));
  using Int = typename Lanes<T>::Place;
  typedef Int Place __attribute__((vector_size(kBytes), aligned(alignof(Int)), may_alias));
  static constexpr std::int64_t kLanes = kBytes / sizeof(T);
};
template <typename T>
struct Pack<T, false> {
  using Value = T;
  using Place = typename Lanes<T>::Place;
  static constexpr std::int64_t kLanes = 1;
};

// Steps over the channels of one pixel; `limit` is how many numbers are left from its first one on.
template <typename T, typename Step>
OUBLI_INLINE void over_channels(std::int64_t channels, std::int64_t limit, const Step& step) {
  std::int64_t c = 0;
  while (c < channels) {
    if (c + Pack<T, true>::kLanes <= limit) {
      step(Pack<T, true>(), c);
      c += Pack<T, true>::kLanes;
    } else {
      step(Pack<T, false>(), c);
      c += 1;
    }
  }
}

// Calls step(values, place) for every place of a window, from the channels that `first` points to.
template <typename T, typename Value, typename Step>
OUBLI_INLINE void over_window(const Sizes& z, const T* first, const Step& step) {
  typename Lanes<T>::Place n = 0;
  for (std::int64_t u = 0; u < z.size; ++u) {
    const T* at = first + u * z.row();
    for (std::int64_t v = 0; v < z.size; ++v, ++n, at += z.channels) {
      step(*reinterpret_cast<const Value*>(at), n);
    }
  }
}

template <typename T>
OUBLI_INLINE void pool(const Sizes& z, const T* x, T* y, typename Lanes<T>::Place* place) {
  using Int = typename Lanes<T>::Place;
  for (std::int64_t i = 0; i < z.down; ++i) {
    for (std::int64_t j = 0; j < z.across; ++j) {
      const T* const window = x + i * z.size * z.row() + j * z.size * z.channels;
      const std::int64_t at = (i * z.across + j) * z.channels;
      over_channels<T>(z.channels, z.outputs() - at, [&](auto pack, std::int64_t c) {
        using Value = typename decltype(pack)::Value;
        using Place = typename decltype(pack)::Place;
        Value best = *reinterpret_cast<const Value*>(window + c);
        Place where = {};
        over_window<T, Value>(z, window + c, [&](const Value& value, Int n) {
          const auto better = (value > best) | (value != value);
          best = better ? value : best;
          where = better ? Place{} + n : where;
        });
        *reinterpret_cast<Value*>(y + at + c) = best;
        *reinterpret_cast<Place*>(place + at + c) = where;
      });
    }
  }
}

template <typename T>
OUBLI_INLINE void take(const Sizes& z, const T* x, T* y, const typename Lanes<T>::Place* place) {
  using Int = typename Lanes<T>::Place;
  for (std::int64_t i = 0; i < z.down; ++i) {
    for (std::int64_t j = 0; j < z.across; ++j) {
      const T* const window = x + i * z.size * z.row() + j * z.size * z.channels;
      const std::int64_t at = (i * z.across + j) * z.channels;
      over_channels<T>(z.channels, z.outputs() - at, [&](auto pack, std::int64_t c) {
        using Value = typename decltype(pack)::Value;
        using Place = typename decltype(pack)::Place;
        const Place where = *reinterpret_cast<const Place*>(place + at + c);
        Value taken = {};
        over_window<T, Value>(z, window + c, [&](const Value& value, Int n) {
          taken = where == Place{} + n ? value : taken;
        });
        *reinterpret_cast<Value*>(y + at + c) = taken;
      });
    }
  }
}

template <typename T>
OUBLI_INLINE void put(const Sizes& z, const T* y, T* x, const typename Lanes<T>::Place* place) {
  for (std::int64_t i = 0; i < z.down; ++i) {
    for (std::int64_t u = 0; u < z.size; ++u) {
      for (std::int64_t j = 0; j < z.across; ++j) {
        const std::int64_t at = (i * z.across + j) * z.channels;
        for (std::int64_t v = 0; v < z.size; ++v) {
          const std::int64_t to = (i * z.size + u) * z.row() + (j * z.size + v) * z.channels;
          const std::int64_t limit = std::min(z.outputs() - at, z.inputs() - to);
          over_channels<T>(z.channels, limit, [&](auto pack, std::int64_t c) {
            using Value = typename decltype(pack)::Value;
            using Place = typename decltype(pack)::Place;
            const Value value = *reinterpret_cast<const Value*>(y + at + c);
            const Place where = *reinterpret_cast<const Place*>(place + at + c);
            *reinterpret_cast<Value*>(x + to + c) =
                where == Place{} + static_cast<typename Lanes<T>::Place>(u * z.size + v) ? value
                                                                                         : Value{};
          });
        }
      }
    }
  }
}

// From the entries of one tensor to those of another, places given.
template <typename T>
using Move = void (*)(const Sizes&, const T*, T*, const typename Lanes<T>::Place*);

// Each of the three for each instruction set.
template <typename T>
struct Kernels {
  void (*pool)(const Sizes&, const T*, T*, typename Lanes<T>::Place*);
  Move<T> take, put;
};

// Types and attributes cannot stand in parentheses.
// NOLINTBEGIN(bugprone-macro-parentheses)
#define OUBLI_KERNELS(suffix, attribute, T, P)                                                  \
  attribute void pool_##suffix(const Sizes& z, const T* x, T* y, P* p) { pool<T>(z, x, y, p); } \
  attribute void take_##suffix(const Sizes& z, const T* x, T* y, const P* p) {                  \
    take<T>(z, x, y, p);                                                                        \
  }                                                                                             \
  attribute void put_##suffix(const Sizes& z, const T* y, T* x, const P* p) { put<T>(z, y, x, p); }
// NOLINTEND(bugprone-macro-parentheses)
OUBLI_KERNELS(portable, , float, std::int32_t)
OUBLI_KERNELS(portable, , double, std::int64_t)
#if defined(__x86_64__)
OUBLI_KERNELS(avx2, [[gnu::target("avx2")]], float, std::int32_t)
OUBLI_KERNELS(avx2, [[gnu::target("avx2")]], double, std::int64_t)
#endif
#undef OUBLI_KERNELS

template <typename T>
const Kernels<T>& kernels() {
#if defined(__x86_64__)
  static const Kernels<T> fast = {pool_avx2, take_avx2, put_avx2};
  if (__builtin_cpu_supports("avx2")) return fast;
#endif
  static const Kernels<T> plain = {pool_portable, take_portable, put_portable};
  return plain;
}

// Of the pooled tensor [b, C, H / k, W / k].
Sizes sizes_of(const Tensor& pooled, std::int64_t size) {
  return {size, pooled.size(1), pooled.size(2), pooled.size(3)};
}

Tensor empty_like(const Tensor& like, std::int64_t down, std::int64_t across, at::ScalarType type) {
  return at::empty({like.size(0), like.size(1), down, across},
                   like.options().dtype(type).memory_format(at::MemoryFormat::ChannelsLast));
}

// Calls work(example) for all of them, shared out over LibTorch's threads.
template <typename Work>
void over_examples(const Sizes& z, std::int64_t examples, const Work& work) {
  constexpr std::int64_t kWorthAThread = 1 << 15;
  at::parallel_for(0, examples,
                   std::max<std::int64_t>(1, kWorthAThread / std::max<std::int64_t>(1, z.inputs())),
                   [&](std::int64_t begin, std::int64_t end) {
                     for (std::int64_t example = begin; example < end; ++example) work(example);
                   });
}

template <typename T>
MaxPooled pool_all(const Tensor& x, std::int64_t size) {
  using Place = typename Lanes<T>::Place;
  const std::int64_t down = x.size(2) / size, across = x.size(3) / size;
  MaxPooled pooled{empty_like(x, down, across, x.scalar_type()),
                   empty_like(x, down, across, c10::CppTypeToScalarType<Place>::value)};
  const Sizes z = sizes_of(pooled.output, size);
  const T* const from = x.const_data_ptr<T>();
  T* const to = pooled.output.template mutable_data_ptr<T>();
  Place* const place = pooled.place.template mutable_data_ptr<Place>();
  over_examples(z, x.size(0), [&](std::int64_t e) {
    kernels<T>().pool(z, from + e * z.inputs(), to + e * z.outputs(), place + e * z.outputs());
  });
  return pooled;
}

// What `move` makes of each example of x, `down` by `across` afterwards.
template <typename T>
Tensor move_all(const Tensor& x, const Tensor& place, std::int64_t size, std::int64_t down,
                std::int64_t across, Move<T> move) {
  const Tensor input = x.contiguous(at::MemoryFormat::ChannelsLast);
  Tensor output = empty_like(x, down, across, x.scalar_type());
  const std::int64_t stride_in = x[0].numel(), stride_out = output[0].numel();
  const Sizes z = sizes_of(place, size);
  const T* const from = input.const_data_ptr<T>();
  T* const to = output.mutable_data_ptr<T>();
  const auto* const places = place.const_data_ptr<typename Lanes<T>::Place>();
  over_examples(z, x.size(0), [&](std::int64_t e) {
    move(z, from + e * stride_in, to + e * stride_out, places + e * z.outputs());
  });
  return output;
}

template <typename T>
Tensor take_all(const Tensor& x, const Tensor& place, std::int64_t size) {
  return move_all<T>(x, place, size, place.size(2), place.size(3), kernels<T>().take);
}

template <typename T>
Tensor put_all(const Tensor& g, const Tensor& place, std::int64_t size) {
  return move_all<T>(g, place, size, g.size(2) * size, g.size(3) * size, kernels<T>().put);
}

}  // namespace

bool has_max_pool_kernel(const Tensor& x, std::int64_t size) {
  const bool number = x.scalar_type() == at::kFloat || x.scalar_type() == at::kDouble;
  return number && x.dim() == 4 && x.is_contiguous(at::MemoryFormat::ChannelsLast) &&
         x.size(2) % size == 0 && x.size(3) % size == 0 && x.numel() > 0;
}

MaxPooled max_pool(const Tensor& x, std::int64_t size) {
  return x.scalar_type() == at::kDouble ? pool_all<double>(x, size) : pool_all<float>(x, size);
}

Tensor take_places(const Tensor& x, const Tensor& place, std::int64_t size) {
  return x.scalar_type() == at::kDouble ? take_all<double>(x, place, size)
                                        : take_all<float>(x, place, size);
}

Tensor put_places(const Tensor& g, const Tensor& place, std::int64_t size) {
  return g.scalar_type() == at::kDouble ? put_all<double>(g, place, size)
                                        : put_all<float>(g, place, size);
}

}  // namespace oubli
