// Records of CIFAR-100's kind, two labels each, plain or packed.
#include "datasets/cifar.h"
#include "tests/fuzz/fuzz_target.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t count) {
  static oubli::fuzz::InputFileInMemory file;
  static const oubli::CifarFormat format = {
      .name = "small",
      .summary = "",
      .subfolder = "",
      .labels = {{"coarse", 0, {"a", "b"}}, {"fine", 1, {"a", "b", "c"}}},
      .train_files = {},
      .test_files = {},
      .normalisation = {}};
  file.write(bytes, count);
  oubli::fuzz::expect_error_or_nothing([&] {
    oubli::read_cifar_file(file.folder(), {file.name(), 2}, format, 1);
  });
  return 0;
}
