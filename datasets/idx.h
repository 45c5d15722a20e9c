// The IDX format of MNIST and its relatives: a big-endian header, then the values of a dense array.
//
//   byte 0-1  zero          byte 2  type of a value (0x08: unsigned byte)
//   byte 3    dimensions d  byte 4  d sizes of 4 bytes each, then the values, the last dimension
//                                   fastest
//
// Source: Y. LeCun, C. Cortes, C. Burges, 'The MNIST database of handwritten digits'.
#pragma once

#include <cstdint>
#include <filesystem>

#include "core/base/tensor.h"

namespace oubli {

// Bytes in front of the values of an IDX file with so many dimensions.
constexpr std::int64_t idx_header_bytes(std::int64_t dimensions) { return 4 + 4 * dimensions; }

// Reads an IDX file of unsigned bytes, plain or packed by gzip, as uint8 of its shape.
// Throws Error(kData) with file and offset (in the unpacked file) where the magic number is not
// one, values are not unsigned bytes, the dimensions are not `dimensions` in number, one is zero,
// or there are fewer or more bytes than the dimensions say.
Tensor read_idx(const std::filesystem::path& path, std::int64_t dimensions);

}  // namespace oubli
