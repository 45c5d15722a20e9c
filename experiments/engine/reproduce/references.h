// Values of a paper's runs, by name, in expressions:
//
//   {RUN/ROW/COLUMN}                 of a run that has no variations
//   {RUN(k=1, scale=10)/ROW/COLUMN}  of the run with these values
//   {RUN/ROW/COLUMN@25}              of a sequence of requests, after 25 of them
//   {RUN/ROW/report.details.bound}   what a method's report says, by its path
//
// COLUMN may hold slashes, as in accuracy/forget. The rest of an expression is arithmetic:
// + - * / ^ ( ), abs, sqrt, ln, exp, min, max and what else muParser has.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "core/base/error.h"

namespace oubli {

struct Reference {
  std::string run, row, column;
  std::map<std::string, std::string> values;
  std::int64_t at = 0;  // requests; 0: all
};

struct Expression {
  std::string text;        // as written
  std::string arithmetic;  // references as v0, v1, ...
  std::vector<Reference> references;

  bool is_bare() const { return references.size() == 1 && arithmetic == "v0"; }
  // Error(kSettings) at the origin for what is no expression.
  static Expression parse(const std::string& text, const Origin& origin);
  // With the references' values in their order.
  double at(const std::vector<double>& values) const;
};

}  // namespace oubli
