// Whether an experiment can rank methods at all.
#pragma once

#include <string>

#include "experiments/engine/report/results.h"

namespace oubli {

// The original must be told from the oracles on the edited set, else there is nothing to forget; a
// given one as a model that knows more of what is to be forgotten.
struct PowerCheck {
  bool passed = false;
  std::string text;  // a paragraph for the top of the report
};
PowerCheck check_power(const Results& results);

}  // namespace oubli
