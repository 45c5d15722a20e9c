#include "experiments/engine/commands/print_table.h"

#include <fmt/format.h>

#include <cstdio>

#include "core/base/text.h"
#include "experiments/engine/commands/paragraph.h"
#include "experiments/engine/report/formats/formats.h"
#include "experiments/engine/report/power_check.h"
#include "experiments/engine/report/report_model.h"
#include "experiments/engine/terminal.h"

namespace oubli {

void print_table(const Results& results, bool shows_all) {
  fmt::print("{}", console_table(report_model(results),
                                 {terminal_columns(stdout), shows_all, wants_colours(stdout)}));
}

void print_how_to_show(const std::filesystem::path& folder) {
  if (!std::filesystem::exists(folder / "results.json")) return;
  const std::string name = printable(folder.string());
  fmt::print("`oubli report {}` puts it on the page of this run.\n", name);
}

void warn_without_power(const Results& results, const std::string& name) {
  if (results.is_attribution() || check_power(results).passed) return;
  const std::string warning = fmt::format(
      "oubli: {}: the power check did not pass, so nothing here ranks methods of this run; `oubli "
      "show {}` says why.",
      printable(name), printable(name));
  fmt::print(stderr, "{}", folded(warning, stderr));
}

int exit_status(const Results& results) {
  if (results.has_numbers()) return 0;
  std::fputs("oubli: no method's row has a number: its messages say why.\n", stderr);
  return 1;
}

}  // namespace oubli
