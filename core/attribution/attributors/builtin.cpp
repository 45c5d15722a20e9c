#include "core/attribution/attributor.h"

namespace oubli {

#define OUBLI_ATTRIBUTOR(name) AttributorInfo name##_attributor();
#include "core/attribution/attributors/attributors.def"
#undef OUBLI_ATTRIBUTOR

Registry<AttributorInfo> builtin_attributors() {
  Registry<AttributorInfo> registry("attributor");
#define OUBLI_ATTRIBUTOR(name) registry.add(name##_attributor());
#include "core/attribution/attributors/attributors.def"
#undef OUBLI_ATTRIBUTOR
  return registry;
}

}  // namespace oubli
