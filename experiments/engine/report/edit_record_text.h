// The record of an edit for people, as Markdown.
#pragma once

#include <string>

#include "core/base/json.h"

namespace oubli {

// `record`: as record.json holds it (edit_record.h).
std::string record_text(const Json& record);
// Of a sequence that goes on from an earlier record: which requests that answered, and which are
// new, with what these cost. "" where there is none (null) or no sequence.
std::string progress_text(const Json& record, const Json& earlier);
// For a terminal: what was removed, how that ended, what is guaranteed, and how well the model did
// before and after, in lines to be folded.
std::string summary_text(const Json& record);

}  // namespace oubli
