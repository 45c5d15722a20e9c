#include "core/unlearn/method_state.h"

#include "core/base/hash.h"

namespace oubli {

std::string checksum(const MethodState& state) {
  Hasher hasher;
  hasher.add(state.values.dump());
  for (const auto& [name, tensor] : state.tensors) {
    hasher.add("/" + name + "/");
    hasher.add(tensor);
  }
  return hasher.hex();
}

}  // namespace oubli
