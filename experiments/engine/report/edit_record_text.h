// The record of an edit for people, as Markdown.
#pragma once

#include <string>

#include "core/base/json.h"

namespace oubli {

// `record`: as record.json holds it (edit_record.h).
std::string record_text(const Json& record);
// For a terminal: what was removed, how that ended, what is guaranteed, and how well the model did
// before and after, in lines to be folded.
std::string summary_text(const Json& record);

}  // namespace oubli
