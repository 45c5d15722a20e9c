// Everything that an experiment file may name. A program with methods of its own adds them here.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "core/evaluate/metric.h"
#include "core/nn/architectures/architecture.h"
#include "core/unlearn/unlearner.h"
#include "datasets/source.h"

namespace oubli {

// A plug-in that some of it comes from (plugin.h).
struct Plugin {
  std::filesystem::path file;  // absolute
  std::string hash;
  std::vector<std::string> names;  // of what it adds
};

struct Registries {
  Registry<MethodInfo> methods;
  Registry<DataSource> datasets;
  Registry<Architecture> architectures;
  Registry<Metric> metrics;
  std::vector<Plugin> plugins = {};
};

Registries builtin_registries();

}  // namespace oubli
