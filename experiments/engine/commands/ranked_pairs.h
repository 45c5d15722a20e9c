// The pairs of rows that `oubli rank` holds against one another.
#pragma once

#include <string>
#include <vector>

namespace oubli {

// Prints paired t-tests over blocks, with Holm's correction, of `against` and every other row, or
// of all pairs where it is empty; where those are many, how to ask for some. blocks[block][row].
// Throws Error(kSettings) where no row is named `against`.
void print_pairs(const std::vector<std::string>& names,
                 const std::vector<std::vector<double>>& blocks, const std::string& against);

}  // namespace oubli
