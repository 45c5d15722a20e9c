// JSON whose maps keep the order in which they were filled: reports, results, resolved settings.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string_view>

namespace oubli {

using Json = nlohmann::ordered_json;

// Reads text that may be anything: a discarded value (`is_discarded()`) where it is not JSON,
// nested more than 64 deep (what works on JSON calls itself for each level), or has a map of more
// than 20,000 keys (a map that keeps an order looks for each key among all before it).
Json parse_json(std::string_view text);

// The library rounds any number to a whole one, and one that no int64 holds to anything. Throws
// Json::type_error for what is no whole number of at most 2^53.
std::int64_t whole_number(const Json& json);

// Null for what is no finite number, which JSON cannot say.
Json number_or_null(double value);

}  // namespace oubli
