// What a corruption of training rows leaves behind that test examples can show: inputs with a
// trigger on them, and the groups between which a biased model differs.
#pragma once

#include <cstdint>
#include <optional>

#include "core/base/tensor.h"

namespace oubli {

struct Traces {
  // Of a backdoor: test rows of other classes than its target, their inputs with the trigger, and
  // the class that the trigger calls for.
  Tensor triggered_rows = {};    // int64, ascending; undefined where no trigger was planted
  Tensor triggered_inputs = {};  // one for each, in the data's own type
  std::optional<std::int64_t> target = {};

  // Of a biased group: test rows in it, those that are not, and the class that it was denied.
  Tensor group = {}, others = {};  // int64, ascending; undefined where no group was treated worse
  std::optional<std::int64_t> favoured = {};
};

}  // namespace oubli
