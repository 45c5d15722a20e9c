// The words that tables, verdicts and messages use, beside the names of metrics: one entry for each
// in glossary.def.
#pragma once

#include <string>
#include <vector>

namespace oubli {

struct Word {
  std::string name;
  std::vector<std::string> others;  // that mean the same: plurals, signs, what a table shows
  std::string text;
};

const std::vector<Word>& glossary();

}  // namespace oubli
