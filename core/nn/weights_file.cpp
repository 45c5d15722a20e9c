#include "core/nn/weights_file.h"

#include <cstring>

#include "core/base/file.h"
#include "core/nn/layers/script.h"

namespace oubli {
namespace {

// What both TorchScript and torch.save write.
bool is_zip(const std::filesystem::path& path) {
  constexpr const char* kStart = "PK\x03\x04";
  char start[4] = {};
  const InputFile file(path);
  if (file.size() < sizeof start) return false;
  file.read(0, start, sizeof start);
  return std::memcmp(start, kStart, sizeof start) == 0;
}

}  // namespace

TensorFile read_weights(const std::filesystem::path& path) {
  if (is_zip(path)) {
    try {
      return script_weights(path);
    } catch (const Error&) {  // read_tensors has more to say
    }
  }
  return read_tensors(path);
}

}  // namespace oubli
