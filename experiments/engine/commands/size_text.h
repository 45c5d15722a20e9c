// Sizes of files for people.
#pragma once

#include <string>

namespace oubli {

// "12.3 MB"
std::string size_text(double bytes);

}  // namespace oubli
