#include "core/base/memory.h"

#include <cstdlib>
#if defined(__GLIBC__)
#include <malloc.h>
#endif

namespace oubli {

void keep_freed_memory() {
#if defined(__GLIBC__)
  constexpr int kLargest = 1 << 25;  // of M_MMAP_THRESHOLD; larger values are refused
  mallopt(M_MMAP_THRESHOLD, kLargest);
  mallopt(M_TRIM_THRESHOLD, 1 << 30);
  mallopt(M_TOP_PAD, 1 << 26);
#endif
}

}  // namespace oubli
