// Running text below a table of numbers.
#pragma once

#include <string>

namespace oubli {

// In lines as wide as the terminal, and of 100 columns at most.
std::string paragraph(const std::string& text);

}  // namespace oubli
