// Checks of errors: the kind, and what the message must say.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "core/base/error.h"
#include "tests/support/own_words.h"

namespace oubli::testing {

// Runs `call`, expects an Error of the kind, and returns its message ("" where none was thrown).
template <typename Call>
std::string error_message(ErrorKind kind, Call&& call) {
  try {
    call();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), kind) << error.what();
    expect_own_words(error.what());
    return error.what();
  }
  ADD_FAILURE() << "no error was thrown";
  return "";
}

}  // namespace oubli::testing

// The call throws an Error of the kind whose message matches a gmock matcher.
#define EXPECT_ERROR(kind, call, matcher) \
  EXPECT_THAT(::oubli::testing::error_message(kind, [&] { call; }), matcher)
