#include "datasets/selectors/class_choice.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "core/base/number_text.h"
#include "datasets/selectors/selector.h"

namespace oubli {

std::int64_t ClassChoice::index(const Dataset& dataset) const {
  if (!dataset.is_classification()) {
    fail_task(origin,
              fmt::format("'{}' is a regression: it has no classes. Try 'random'.", dataset.name));
  }
  const auto& names = dataset.class_names;
  const auto found = std::find(names.begin(), names.end(), text);
  if (found != names.end()) return found - names.begin();
  if (const std::optional<std::int64_t> number = number_in<std::int64_t>(text)) {
    if (*number >= 0 && *number < dataset.outputs) return *number;
    fail_task(origin, fmt::format("class {} is not there: '{}' has classes 0 to {}.", text,
                                  dataset.name, dataset.outputs - 1));
  }
  fail_task(origin, unknown_name_message("class", text, names));
}

Tensor ClassChoice::rows(const Dataset& dataset, const Splits& splits) const {
  const std::int64_t number = index(dataset);
  const Tensor labels = dataset.targets.index_select(0, splits.train);
  Tensor chosen = splits.train.index({labels.eq(number)});
  if (chosen.numel() == 0) {
    fail_task(origin, fmt::format("the training split of '{}' has no example of class '{}'.",
                                  dataset.name, text));
  }
  return chosen;
}

ClassChoice read_class(const Settings& settings, const std::string& key, const std::string& doc) {
  const Origin origin = settings.origin(key);
  return {settings.text(key, {.doc = doc}), origin};
}

}  // namespace oubli
