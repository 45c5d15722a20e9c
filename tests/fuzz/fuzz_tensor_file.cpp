// Weights and predictions: the safetensors format.
#include "core/nn/tensor_file.h"
#include "tests/fuzz/fuzz_target.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t count) {
  oubli::fuzz::expect_error_or_nothing([&] {
    oubli::parse_tensors({reinterpret_cast<const char*>(bytes), count}, "fuzz.safetensors");
  });
  return 0;
}
