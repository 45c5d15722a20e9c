// JSON whose maps keep the order in which they were filled: reports, results, resolved settings.
#pragma once

#include <nlohmann/json.hpp>

namespace oubli {

using Json = nlohmann::ordered_json;

}  // namespace oubli
