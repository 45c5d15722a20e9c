#include "core/data/row_places.h"

#include <fmt/format.h>

namespace oubli {

bool RowPlaces::is_of_test_file(std::int64_t row) const {
  return !test_file.empty() && row >= first_of_test;
}

std::string RowPlaces::text(std::int64_t row) const {
  return fmt::format("{}:{}", is_of_test_file(row) ? test_file : file,
                     lines.at(static_cast<std::size_t>(row)));
}

}  // namespace oubli
