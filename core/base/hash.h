// Checksums, by OpenSSL: SHA-256 names everything in the store, and both it and MD5 check
// downloads against what the publishers of a data set give.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>

#include "core/base/error.h"
#include "core/base/tensor.h"

namespace oubli {

enum class HashAlgorithm { kSha256, kMd5 };

// A running hash of bytes.
class Hasher {
 public:
  explicit Hasher(HashAlgorithm algorithm = HashAlgorithm::kSha256);
  ~Hasher();
  Hasher(const Hasher&) = delete;
  Hasher& operator=(const Hasher&) = delete;

  void add(const void* bytes, std::size_t count);
  void add(std::string_view text) { add(text.data(), text.size()); }
  // Type, shape and values of a tensor.
  void add(const Tensor& tensor);
  std::string hex();  // ends the hash; lower-case hexadecimal

 private:
  void* context_;
};

std::string sha256_hex(std::string_view text);
// Throws FileError (file.h) where the file is no ordinary one or cannot be read.
std::string file_hash_hex(const std::filesystem::path& path,
                          HashAlgorithm algorithm = HashAlgorithm::kSha256,
                          ErrorKind kind = ErrorKind::kData);

}  // namespace oubli
