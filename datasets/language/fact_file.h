// CSV files of facts: columns subject, relation, object and, if wanted, repeats, by the first line.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace oubli {

struct FactLine {
  std::string subject, relation, object;
  std::int64_t repeats = 1;  // how often training sees it
  int line = 0;              // from 1
};

struct FactFile {
  std::filesystem::path path;
  char delimiter = '\0';                 // '\0': what sets the names in the first line apart
  std::vector<std::string> ignore = {};  // columns that are no part of a fact
};

// Two facts or more, in the order of the file; a subject has one object in a relation. Throws
// Error(kData) with "FILE:LINE:COLUMN" for all that is wrong with the header, or with the lines, at
// once: columns that are missing or unknown, fields with nothing in them, facts that stand there
// twice, and repeats that are no whole number from 1 to 1000.
std::vector<FactLine> read_fact_lines(const FactFile& file);

}  // namespace oubli
