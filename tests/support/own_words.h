// Every message that the suite provokes is looked at here, whoever provoked it.
#pragma once

#include <string>

namespace oubli::testing {

// Fails the test where a text for users holds the words of a library below (LibTorch, the standard
// library, JSON, YAML), or characters that steer a terminal.
void expect_own_words(const std::string& text);

}  // namespace oubli::testing
