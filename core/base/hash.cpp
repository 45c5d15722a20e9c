#include "core/base/hash.h"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <vector>

#include "core/base/file.h"

namespace oubli {
namespace {

EVP_MD_CTX* as_context(void* pointer) { return static_cast<EVP_MD_CTX*>(pointer); }

}  // namespace

Hasher::Hasher(HashAlgorithm algorithm) : context_(EVP_MD_CTX_new()) {
  const EVP_MD* method = algorithm == HashAlgorithm::kSha256 ? EVP_sha256() : EVP_md5();
  if (context_ == nullptr || EVP_DigestInit_ex(as_context(context_), method, nullptr) != 1) {
    EVP_MD_CTX_free(as_context(context_));
    throw Error(ErrorKind::kUsage, "this build of OpenSSL does not offer the checksum asked for");
  }
}

Hasher::~Hasher() { EVP_MD_CTX_free(as_context(context_)); }

void Hasher::add(const void* bytes, std::size_t count) {
  EVP_DigestUpdate(as_context(context_), bytes, count);
}

void Hasher::add(const Tensor& tensor) {
  const Tensor dense = tensor.detach().contiguous().cpu();
  add(fmt::format("{}/{}", static_cast<int>(dense.scalar_type()), dense.dim()));
  for (const std::int64_t size : dense.sizes()) add(fmt::format("x{}", size));
  add(dense.const_data_ptr(), dense.nbytes());
}

std::string Hasher::hex() {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest;
  unsigned int length = 0;
  EVP_DigestFinal_ex(as_context(context_), digest.data(), &length);
  std::string text;
  for (unsigned int i = 0; i < length; ++i) text += fmt::format("{:02x}", digest[i]);
  return text;
}

std::string sha256_hex(std::string_view text) {
  Hasher hasher;
  hasher.add(text);
  return hasher.hex();
}

std::string file_hash_hex(const std::filesystem::path& path, HashAlgorithm algorithm,
                          ErrorKind kind) {
  const InputFile file(path, kind);
  Hasher hasher(algorithm);
  std::vector<char> buffer(1 << 20);
  for (std::uint64_t done = 0; done < file.size();) {
    const std::size_t piece = std::min<std::uint64_t>(buffer.size(), file.size() - done);
    file.read(done, buffer.data(), piece);
    hasher.add(buffer.data(), piece);
    done += piece;
  }
  return hasher.hex();
}

}  // namespace oubli
