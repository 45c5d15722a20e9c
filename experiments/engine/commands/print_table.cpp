#include "experiments/engine/commands/print_table.h"

#include <fmt/format.h>

#include <cstdio>

#include "experiments/engine/report/formats/formats.h"
#include "experiments/engine/report/report_model.h"
#include "experiments/engine/terminal.h"

namespace oubli {

void print_table(const Results& results) {
  fmt::print("{}", console_table(report_model(results), terminal_columns(stdout)));
}

int exit_status(const Results& results) {
  if (results.has_numbers()) return 0;
  std::fputs("oubli: no method's row has a number: its messages say why.\n", stderr);
  return 1;
}

}  // namespace oubli
