// Archives of data sets, in every format and packing that is unpacked.
#include <unistd.h>

#include "datasets/archive.h"
#include "tests/fuzz/fuzz_target.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t count) {
  static oubli::fuzz::InputFileInMemory file;
  static const std::filesystem::path folder = "/dev/shm/oubli-fuzz-" + std::to_string(::getpid());
  file.write(bytes, count);
  oubli::fuzz::expect_error_or_nothing(
      [&] { oubli::unpack_archive(file.path(), folder, 1 << 16); });
  std::error_code ignored;
  std::filesystem::remove_all(folder, ignored);
  return 0;
}
