#include "core/nn/architectures/architecture.h"

namespace oubli {

#define OUBLI_ARCHITECTURE(name) Architecture name##_architecture();
#include "core/nn/architectures/architectures.def"
#undef OUBLI_ARCHITECTURE

Registry<Architecture> builtin_architectures() {
  Registry<Architecture> registry("architecture");
#define OUBLI_ARCHITECTURE(name) registry.add(name##_architecture());
#include "core/nn/architectures/architectures.def"
#undef OUBLI_ARCHITECTURE
  return registry;
}

}  // namespace oubli
