// Errors that a user can act on. Each message says what was found, what was expected and what to
// try; an experiment file's line and column, or a data file's offset, stand in front of it.
//
// Exceptions are for wrong configuration, data and use of the interface. Numerical outcomes, such
// as a solver that did not converge, are status values in reports and never exceptions.
#pragma once

#include <cstddef>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace oubli {

enum class ErrorKind {
  kSettings,  // an experiment file or an option: unknown key, wrong type, value out of range
  kData,      // a data or weights file: truncated, mislabelled, non-finite
  kTask,      // an edit that cannot be made: an empty forget set, everything forgotten
  kStore,     // a store or output folder: damaged entry, no space, no permission
  kUsage,     // a caller of the library broke a documented precondition
  kNumerics,  // a computation that has no meaning, such as curvature in training mode
};

class Error : public std::runtime_error {
 public:
  // The message is kept as text that steers no terminal (text.h); line feeds stay.
  Error(ErrorKind kind, const std::string& message);
  ErrorKind kind() const { return kind_; }

 private:
  ErrorKind kind_;
};

// What went wrong, in this project's words, whatever was thrown: the message of an Error; for what
// the system, the standard library and the libraries below throw, a sentence that says what it
// means here; for what should have been a message and is none, what was thrown and a request to
// report it.
std::string message_of(const std::exception& thrown);

// Where a setting was written. Line and column count from 1; 0 means that there is none, as for a
// value given on the command line.
struct Origin {
  std::string source;
  int line = 0;
  int column = 0;

  // "file.yaml:3:7", or the bare source where there is no line.
  std::string text() const;
};

// The member of `names` nearest to `name` by edit distance (a swap of neighbours counts one); where
// none is near enough to be a plausible misspelling (a third of the letters, or one more behind the
// right first one), the shortest that begins as `name` does, or the other way round; or else "".
std::string nearest_name(std::string_view name, const std::vector<std::string>& names);

// "unknown KIND 'name'; did you mean 'nearest'? Valid: a, b, c": the shared form of every message
// about a name that is not in a list. Of more than 24 valid ones it has the nearest six.
std::string unknown_name_message(std::string_view kind, std::string_view name,
                                 const std::vector<std::string>& valid);

}  // namespace oubli
