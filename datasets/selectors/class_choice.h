// A class as an experiment file names it: by number or by name.
#pragma once

#include <string>

#include "core/base/settings.h"
#include "core/data/dataset.h"

namespace oubli {

struct ClassChoice {
  std::string text;
  Origin origin;

  // Its number. A name goes before a number: classes may be called "10", "20", ... Error(kTask) for
  // a regression, and for a class that is not there.
  std::int64_t index(const Dataset& dataset) const;
  // Training rows of the class; Error(kTask) where there are none.
  Tensor rows(const Dataset& dataset, const Splits& splits) const;
};

ClassChoice read_class(const Settings& settings, const std::string& key, const std::string& doc);

}  // namespace oubli
