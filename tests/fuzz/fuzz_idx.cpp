// Images and labels in the IDX format, plain or packed.
#include "datasets/idx.h"
#include "tests/fuzz/fuzz_target.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t count) {
  static oubli::fuzz::InputFileInMemory file;
  file.write(bytes, count);
  for (const std::int64_t dimensions : {1, 3}) {
    oubli::fuzz::expect_error_or_nothing([&] { oubli::read_idx(file.path(), dimensions); });
  }
  return 0;
}
