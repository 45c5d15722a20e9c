// What every entry of a table promises, as checks that run anywhere: in oubli's own tests over what
// is built in, and as `oubli selftest NAME` over what a plug-in brings.
#pragma once

#include <exception>
#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace oubli::testing {

// What a check found wrong; nothing where the promise is kept.
class Findings {
 public:
  // `where`: the problem or setting that was tried. Returns whether it held.
  bool expect(bool holds, const std::string& where, const std::string& what) {
    if (!holds) failures_.push_back(where.empty() ? what : where + ": " + what);
    return holds;
  }
  void add(const Findings& others) {
    failures_.insert(failures_.end(), others.failures_.begin(), others.failures_.end());
  }
  const std::vector<std::string>& failures() const { return failures_; }

 private:
  std::vector<std::string> failures_;
};

// One promise of the entries of one table. `run` may throw: that breaks the promise too, see
// `failures_of`.
template <typename... What>
struct Check {
  std::string name;     // CamelCase, for tests
  std::string promise;  // a sentence
  std::function<void(const What&..., Findings&)> run;
};

template <typename... What>
std::vector<std::string> failures_of(const Check<What...>& check, const What&... what) {
  Findings findings;
  try {
    check.run(what..., findings);
  } catch (const std::exception& error) {
    findings.expect(false, "", error.what());
  }
  return findings.failures();
}

}  // namespace oubli::testing
