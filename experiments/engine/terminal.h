// The terminal that a program writes to.
#pragma once

#include <cstddef>
#include <cstdio>

namespace oubli {

// Columns of the terminal behind `out`; 80 where it is none.
std::size_t terminal_columns(std::FILE* out);
bool is_terminal(std::FILE* out);

}  // namespace oubli
