// Everything that an experiment file may name. A program with methods of its own adds them here.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "core/attribution/attributor.h"
#include "core/evaluate/metric.h"
#include "core/nn/architectures/architecture.h"
#include "core/unlearn/unlearner.h"
#include "datasets/source.h"

namespace oubli {

struct Registries {
  Registry<MethodInfo> methods;
  Registry<DataSource> datasets;
  Registry<Architecture> architectures;
  Registry<Metric> metrics;
  Registry<AttributorInfo> attributors;
  std::vector<std::filesystem::path> plugins = {};  // files that some of it comes from (plugin.h)
};

Registries builtin_registries();

}  // namespace oubli
