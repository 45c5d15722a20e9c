// Named tensors in one file: the safetensors format, which every deep-learning library reads.
//
//   8 bytes    n, little-endian: the length of the header
//   n bytes    JSON: {"name": {"dtype": "F32", "shape": [2, 3], "data_offsets": [begin, end]}, ...,
//              "__metadata__": {"key": "text", ...}}, padded with spaces
//   the rest   the values, row by row, little-endian, without gaps
//
// Source: the format description and the validation rules of huggingface/safetensors 0.4. A file
// holds numbers and text and nothing that could run when it is read.
// Types: F64, F32, F16, BF16, I64, I32, I16, I8, U8, BOOL. Others are refused.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/tensor.h"

namespace oubli {

struct TensorFile {
  NamedTensors tensors;  // in the order of the header
  std::map<std::string, std::string> metadata;
};

// Writes and closes. Values of wide types come first, so that each tensor is aligned to its type.
// Throws Error(kStore) with the system's reason where anything could not be written; what is left
// of the file is then refused by read_tensors. Throws Error(kUsage) for a type that the format
// lacks here, a name given twice or reserved, and text that is not UTF-8.
void write_tensors(const std::filesystem::path& path, const TensorFile& file);

// Throws Error(kData), with the file and the offset, on anything that is not exactly such a file:
// too short, an impossible header length, bad JSON, a key given twice, an unknown type, a shape
// whose product overflows or does not match the bytes, offsets that overlap, leave gaps or lie
// outside. Memory is claimed only after the sizes were checked against the file's.
TensorFile read_tensors(const std::filesystem::path& path);
// The same of a file's content; `where` names it in messages.
TensorFile parse_tensors(std::string_view content, const std::string& where);

}  // namespace oubli
