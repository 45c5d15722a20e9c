// results.json, and every table that is made of it.
#include "experiments/engine/report/results.h"
#include "experiments/engine/report/table.h"
#include "experiments/engine/report/verdict.h"
#include "tests/fuzz/fuzz_target.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t count) {
  using namespace oubli;
  static const Registries registries = builtin_registries();
  static fuzz::InputFileInMemory file;
  file.write(bytes, count);
  fuzz::expect_error_or_nothing([&] {
    const Results results = load_results(file.path().string(), registries.metrics);
    terminal_table(results, 80);
    markdown_table(results);
    latex_table(results);
    csv_table(results);
    verdicts_json(results);
  });
  return 0;
}
