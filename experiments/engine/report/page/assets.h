// What stands in every page, from the files in assets/ and Vega's package; put into the program
// when it is built (embed.cmake).
#pragma once

#include <string_view>

namespace oubli {

extern const std::string_view kVegaScript;   // the part of Vega that figures need
extern const std::string_view kThemeScript;  // colours, and how a specification becomes a view
extern const std::string_view kPageScript;
extern const std::string_view kPlotScript;  // for Node, behind the two first
extern const std::string_view kPageStyle;

}  // namespace oubli
