// `oubli selftest NAME...`: holds methods, metrics, data sources and architectures to what each of
// them promises (experiments/selftest), for those that a plug-in brings as for oubli's own.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <string>
#include <vector>

#include "core/base/settings_file.h"
#include "core/base/text.h"
#include "experiments/engine/commands/command.h"
#include "experiments/engine/commands/experiment_options.h"
#include "experiments/selftest/architecture_checks.h"
#include "experiments/selftest/method_checks.h"
#include "experiments/selftest/metric_checks.h"
#include "experiments/selftest/source_checks.h"

namespace oubli {
namespace {

struct SelftestOptions {
  std::vector<std::string> names, overrides;
  std::string data;
};

class Selftest {
 public:
  // Runs the checks of one entry and prints what each found.
  template <typename... What>
  void run(const std::string& name, const std::string& kind,
           const std::vector<testing::Check<What...>>& checks, const What&... what) {
    fmt::print("{} ({})\n", printable(name), kind);
    for (const testing::Check<What...>& check : checks) {
      const std::vector<std::string> failures = testing::failures_of(check, what...);
      fmt::print("  {}  {}\n", failures.empty() ? "passed" : "FAILED", check.promise);
      for (const std::string& failure : failures)
        fmt::print("            {}\n", printable(failure));
      ++(failures.empty() ? passed_ : failed_);
    }
  }
  std::size_t passed() const { return passed_; }
  std::size_t failed() const { return failed_; }

 private:
  std::size_t passed_ = 0, failed_ = 0;
};

// All that does not come from oubli itself.
std::vector<std::string> names_from_outside(const Registries& registries) {
  std::vector<std::string> names;
  const auto add = [&](const auto& registry) {
    for (const auto& entry : registry.entries()) {
      if (!entry.file_hash.empty()) names.push_back(entry.name);
    }
  };
  add(registries.methods);
  add(registries.metrics);
  add(registries.datasets);
  add(registries.architectures);
  return names;
}

[[noreturn]] void refuse(const std::string& name, const Registries& registries) {
  std::vector<std::string> all;
  for (const auto& names : {registries.methods.names(), registries.metrics.names(),
                            registries.datasets.names(), registries.architectures.names()}) {
    all.insert(all.end(), names.begin(), names.end());
  }
  throw Error(ErrorKind::kSettings,
              unknown_name_message("method, metric, data set or architecture", name, all));
}

int run_selftest(const SelftestOptions& options, const Registries& registries) {
  std::vector<std::string> names = options.names;
  if (names.empty()) names = names_from_outside(registries);
  if (names.empty()) {
    throw Error(ErrorKind::kSettings,
                "say what to test, such as `oubli selftest finetune`, or load a plug-in, all of "
                "which is then tested: `oubli selftest --plugin FILE`.");
  }
  SettingsNode settings;
  for (const std::string& each : options.overrides) apply_override(settings, each);
  const DataFolders folders = default_data_folders(options.data);
  Selftest test;
  for (const std::string& name : names) {
    bool is_known = false;
    const auto is_in = [&](const auto& registry) {
      const bool here = registry.contains(name);
      is_known = is_known || here;
      return here;
    };
    if (is_in(registries.methods)) {
      test.run(name, "method", testing::method_checks(),
               testing::MethodTrial(registries.methods.find(name), registries.methods));
    }
    if (is_in(registries.metrics)) {
      test.run(name, "metric", testing::metric_checks(), registries.metrics.find(name));
    }
    if (is_in(registries.datasets)) {
      test.run(name, "data set", testing::source_checks(), registries.datasets.find(name), settings,
               folders);
    }
    if (is_in(registries.architectures)) {
      test.run(name, "architecture", testing::architecture_checks(),
               registries.architectures.find(name));
    }
    if (!is_known) refuse(name, registries);
  }
  fmt::print("{} passed, {} failed\n", test.passed(), test.failed());
  return test.failed() == 0 ? 0 : 1;
}

}  // namespace

void add_selftest_command(CLI::App& program, CommandContext& context) {
  const auto options = std::make_shared<SelftestOptions>();
  CLI::App* selftest = program.add_subcommand(
      "selftest", "hold methods, metrics, data sets and architectures to what they promise");
  selftest->add_option("NAME", options->names, "what to test (default: all that plug-ins bring)");
  selftest->add_option("--set", options->overrides, "a setting of a data set, as file=mine.csv")
      ->allow_extra_args(false);
  add_data_option(*selftest, options->data);
  selftest->callback(
      [options, &context] { context.status = run_selftest(*options, context.registries); });
}

}  // namespace oubli
