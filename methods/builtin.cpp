#include "methods/builtin.h"

namespace oubli {

#define OUBLI_METHOD(name) MethodInfo name##_method();
#include "methods/methods.def"
#undef OUBLI_METHOD

Methods builtin_methods() {
  Methods registry("method");
#define OUBLI_METHOD(name) registry.add(name##_method());
#include "methods/methods.def"
#undef OUBLI_METHOD
  return registry;
}

}  // namespace oubli
