// What this library adds to any oubli program that loads it: `oubli run --plugin
// libcustom_method.so ...`
#include "experiments/engine/plugin.h"

oubli::MethodInfo my_neggrad_plus_method();
oubli::Metric my_confidence_metric();
oubli::DataSource my_rings_source();
oubli::Architecture my_bottleneck_architecture();

OUBLI_PLUGIN(registries) {
  registries.methods.add(my_neggrad_plus_method());
  registries.metrics.add(my_confidence_metric());
  registries.datasets.add(my_rings_source());
  registries.architectures.add(my_bottleneck_architecture());
}
