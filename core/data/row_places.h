// Where the rows of a data set are written, for messages that send somebody there.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace oubli {

// Rows of one file, those of a second one behind them.
struct RowPlaces {
  std::string file, test_file = {};  // test_file: "" for none
  std::int64_t first_of_test = 0;    // where there is one
  std::vector<int> lines = {};       // of each row in its file

  bool is_of_test_file(std::int64_t row) const;
  std::string text(std::int64_t row) const;  // "customers.csv:7"
};

}  // namespace oubli
