// report.html of `oubli apply`: the record of an edit as a page to file.
#pragma once

#include <string>

#include "core/base/json.h"

namespace oubli {

// `record`: as record.json holds it (edit_record.h).
std::string record_page(const Json& record);

}  // namespace oubli
