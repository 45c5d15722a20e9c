// The terminal that a program writes to.
#pragma once

#include <cstddef>
#include <cstdio>

namespace oubli {

// Columns of the terminal behind `out`; 80 where it is none.
std::size_t terminal_columns(std::FILE* out);
bool is_terminal(std::FILE* out);
// Whether colours are welcome: on a terminal that has them, unless NO_COLOR is set to anything
// (no-color.org).
bool wants_colours(std::FILE* out);

}  // namespace oubli
