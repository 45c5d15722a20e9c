// One value of a settings file: read as a number within its range, or refused with its place, what
// was found and what was expected. What Settings is made of; methods read through Settings.
#pragma once

#include <string>

#include "core/base/settings.h"

namespace oubli {

// "nothing", "'text'", "a list" or "a map": what an error message says was found.
std::string kind_name(const SettingsNode& node);

// "above 0 and at most 1"; empty where anything goes, or whatever a count can be.
std::string range_text(const RealOption& option);
std::string range_text(const IntegerOption& option);

// Each throws Error(kSettings) unless the node is a scalar of that type and inside the range.
double parse_real(const SettingsNode& node, const std::string& key, const RealOption& option);
std::int64_t parse_integer(const SettingsNode& node, const std::string& key,
                           const IntegerOption& option);
const std::string& parse_scalar(const SettingsNode& node, const std::string& key,
                                const std::string& expected);

// Some number inside the range, for descriptions of settings that have no default.
double inside(const RealOption& option);

}  // namespace oubli
