// Holds an entry of a table to what every entry promises (experiments/selftest).
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "experiments/selftest/checks.h"

namespace oubli::testing {

// `who` stands in front of messages where a test holds several entries to them.
template <typename... What>
void expect_kept(const std::vector<Check<What...>>& checks, const std::string& who,
                 const What&... what) {
  for (const Check<What...>& check : checks) {
    for (const std::string& failure : failures_of(check, what...)) {
      ADD_FAILURE() << who << ": " << check.name << ": " << failure;
    }
  }
}

}  // namespace oubli::testing
