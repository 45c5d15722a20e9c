#include "datasets/selectors/selector.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

namespace oubli {

void fail_task(const Origin& origin, const std::string& message) {
  const std::string where = origin.text();
  throw Error(ErrorKind::kTask, where.empty() ? message : where + ": " + message);
}

void require_some_but_not_all(const Selection& selection, const Splits& splits,
                              const Origin& origin, const std::string& set) {
  if (selection.rows.numel() == 0) {
    std::string why;
    for (const std::string& note : selection.notes) why += ": " + note;
    fail_task(origin,
              fmt::format("the {} is empty{}. Select at least one training example.", set, why));
  }
  if (selection.rows.numel() == splits.train.numel()) {
    fail_task(origin, fmt::format("the {} is the whole training split of {} examples: nothing "
                                  "is left to train on. Select fewer.",
                                  set, selection.rows.numel()));
  }
}

}  // namespace oubli
