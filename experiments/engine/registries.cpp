#include "experiments/engine/registries.h"

#include "methods/builtin.h"

namespace oubli {

Registries builtin_registries() {
  return {builtin_methods(), builtin_datasets(), builtin_architectures(), builtin_metrics(),
          builtin_attributors()};
}

}  // namespace oubli
