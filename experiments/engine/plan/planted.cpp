#include "experiments/engine/plan/planted.h"

#include <memory>

namespace oubli {
namespace {

// Those of all edits that have some: there may be one. Requests that one selection was cut into
// share it.
std::shared_ptr<const Traces> the_traces(const std::vector<DrawnEdit>& edits,
                                         const Origin& origin) {
  std::shared_ptr<const Traces> found;
  for (const DrawnEdit& edit : edits) {
    const std::shared_ptr<const Traces>& own = edit.removed.traces;
    if (!own || own == found) continue;
    if (found) {
      fail_at(origin,
              "two requests plant a backdoor or a bias, and metrics look for one. Cut one "
              "selection into requests: `edit: {requests: {from: {backdoor: ...}, each: 10}}`.");
    }
    found = own;
  }
  return found;
}

}  // namespace

PlantedSets plant(const std::vector<DrawnEdit>& edits, const Origin& origin, Dataset& dataset) {
  for (const DrawnEdit& edit : edits) dataset = corrupted(dataset, edit.removed);
  PlantedSets planted;
  const std::shared_ptr<const Traces> traces = the_traces(edits, origin);
  if (!traces) return planted;
  const auto add = [&](const char* name, const Tensor& rows) {
    if (rows.defined() && rows.numel() > 0) planted.sets.push_back({name, rows});
  };
  if (traces->triggered_rows.defined() && traces->triggered_rows.numel() > 0) {
    add("triggered", append_copies(dataset, traces->triggered_rows, traces->triggered_inputs));
  }
  add("group", traces->group);
  add("others", traces->others);
  planted.aims = {traces->target, traces->favoured};
  return planted;
}

}  // namespace oubli
