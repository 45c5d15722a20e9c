#include "core/base/hash.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "tests/support/expect_error.h"
#include "tests/support/temporary_folder.h"

namespace oubli {
namespace {

using ::testing::HasSubstr;

std::string tensor_hash(const Tensor& tensor) {
  Hasher hasher;
  hasher.add(tensor);
  return hasher.hex();
}

// FIPS 180-4 and RFC 1321.
TEST(Hash, GivesThePublishedValues) {
  EXPECT_EQ(sha256_hex(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(sha256_hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  Hasher md5(HashAlgorithm::kMd5);
  md5.add("message ");
  md5.add("digest");
  EXPECT_EQ(md5.hex(), "f96b697d7cb7938d525a2f31aaf161d0");
}

TEST(Hash, OfATensorSeesTypeShapeAndValuesButNotLayout) {
  const Tensor values = at::arange(6, at::kFloat).view({2, 3});
  const std::string hash = tensor_hash(values);
  EXPECT_EQ(tensor_hash(values.clone()), hash);
  EXPECT_EQ(tensor_hash(values.t().contiguous().t()), hash);
  EXPECT_NE(tensor_hash(values.view({3, 2})), hash);
  EXPECT_NE(tensor_hash(values.to(at::kDouble)), hash);
  EXPECT_NE(tensor_hash(values + 1), hash);
}

TEST(FileHash, AgreesWithTheHashOfItsText) {
  const testing::TemporaryFolder folder;
  const std::string text(3'000'001, 'x');
  EXPECT_EQ(file_hash_hex(folder.write("a", text)), sha256_hex(text));
  EXPECT_EQ(file_hash_hex(folder.write("b", "")), sha256_hex(""));
}

TEST(FileHash, RefusesWhatCannotBeRead) {
  const testing::TemporaryFolder folder;
  EXPECT_ERROR(ErrorKind::kData, file_hash_hex(folder / "none"), HasSubstr("none: cannot be read"));
  EXPECT_ERROR(ErrorKind::kData, file_hash_hex(folder.path()), HasSubstr("is a folder"));
}

}  // namespace
}  // namespace oubli
