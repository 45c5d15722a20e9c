// Requests in a CSV file of ids: one for each number, in their order, or, without numbers, one for
// each line, or for `each` lines, as they stand there.
//
// A person may ask again: a request of ids that earlier ones removed stands, and removes nothing.
// So does one of ids that are all unknown, where `unknown_ids: ignore` is set. Errors: Error(kTask)
// and Error(kData), each with all requests or lines that are wrong.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "experiments/engine/plan/edits.h"

namespace oubli {

using DrawRequests =
    std::function<std::vector<DrawnEdit>(LoadedData& data, const Generator& generator)>;

DrawRequests read_file_of_requests(const Settings& settings, std::int64_t each);

}  // namespace oubli
