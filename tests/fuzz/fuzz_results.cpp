// results.json, and every table that is made of it.
#include "experiments/engine/registries.h"
#include "experiments/engine/report/formats/formats.h"
#include "experiments/engine/report/page/page.h"
#include "experiments/engine/report/results.h"
#include "tests/fuzz/fuzz_target.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t count) {
  using namespace oubli;
  static const Registries registries = builtin_registries();
  static fuzz::InputFileInMemory file;
  file.write(bytes, count);
  fuzz::expect_error_or_nothing([&] {
    const Results results = load_results(file.path().string(), registries.metrics);
    const ReportModel report = report_model(results);
    console_table(report, {.width = 80, .shows_all = true, .has_colours = true});
    for (const ReportFile& table : kReportFiles) table.text(report);
    models_csv(results, report);
    PageSource source;
    source.results = results;
    report_page({source});
    verdicts_json(results);
  });
  return 0;
}
