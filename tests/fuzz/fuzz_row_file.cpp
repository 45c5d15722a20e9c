// Forget sets as lists of rows.
#include "datasets/row_file.h"
#include "tests/fuzz/fuzz_target.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t count) {
  static oubli::fuzz::InputFileInMemory file;
  file.write(bytes, count);
  oubli::fuzz::expect_error_or_nothing([&] { oubli::read_rows(file.path()); });
  return 0;
}
