// What is wrong with the lines of a file, told at once: whoever mends a file wants all of it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace oubli {

// More than these fill a screen, and are told by their number.
inline constexpr std::size_t kMostFaults = 20;

// Messages of one line each, as one text: the first ones, and how many more there are.
std::string all_faults(const std::vector<std::string>& messages);

// "lines 3, 7 and 9", or "lines 3, 7, 9, ... and 80 more", of which `first` are the first.
std::string lines_text(const std::vector<int>& first, std::int64_t count);

}  // namespace oubli
