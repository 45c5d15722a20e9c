#include "datasets/selectors/selector.h"

namespace oubli {

void fail_task(const Origin& origin, const std::string& message) {
  const std::string where = origin.text();
  throw Error(ErrorKind::kTask, where.empty() ? message : where + ": " + message);
}

}  // namespace oubli
