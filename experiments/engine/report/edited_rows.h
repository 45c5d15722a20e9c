// Which rows an edit takes out and puts in, as its record says it (edit_record.h).
#pragma once

#include <cstddef>
#include <string>

#include "core/base/json.h"
#include "experiments/engine/plan/experiment.h"

namespace oubli {

struct EditedRows {
  Subset removed, added;
};

// Of the first `requests` of a sequence together: what any model has seen till then and is not
// left, and what was not there at first. Of a single edit, which has none, all of it.
EditedRows edited_rows(const Experiment& experiment, std::size_t requests);

// The same in words: {removed: {rows, ids}, added: {rows, ids}}, and of a sequence `requests`, with
// both of each request. What is empty is left out, and so are ids where the data has none. Each id
// stands once; those of a sequence as a whole in the order of its requests.
Json edited_rows_record(const Experiment& experiment, std::size_t requests);

// Of two of these (`key`: removed or added), what stands in one alone. Both may be without.
struct EditedRowsDifference {
  std::vector<std::string> only_first, only_second;  // ids
  std::int64_t first_rows = 0, second_rows = 0;
  bool is_none() const {
    return only_first.empty() && only_second.empty() && first_rows == second_rows;
  }
};
EditedRowsDifference difference_of_rows(const Json& first, const Json& second, const char* key);

}  // namespace oubli
