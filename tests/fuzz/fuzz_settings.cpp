// An experiment file: YAML, and every setting of every kind that it can name. No data is loaded.
#include "core/base/settings_file.h"
#include "experiments/engine/plan/spec.h"
#include "tests/fuzz/fuzz_target.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t count) {
  using namespace oubli;
  static const Registries registries = builtin_registries();
  const std::string text(reinterpret_cast<const char*>(bytes), count);
  fuzz::expect_error_or_nothing([&] {
    const SettingsNode root = parse_settings(text, "fuzz.yaml");
    const Spec spec = read_spec(Settings(root), "fuzz.yaml", registries);
    parse_settings(to_yaml(spec.resolved), "resolved.yaml");
  });
  return 0;
}
