// What files hold, for tests that write damaged ones or compare them; settings from JSON.
#pragma once

#include <functional>
#include <string>

#include "core/base/settings.h"
#include "tests/support/temporary_folder.h"

namespace oubli::testing {

std::string gzip(const std::string& content);

// An entry of a tar archive of the type given ('0' file, '1' hard link, '2' link, '5' folder), and
// the archive's end.
std::string tar_entry(const std::string& name, const std::string& content, char type = '0',
                      const std::string& link = "");
std::string tar_end();

// Settings as an experiment file would give them, every value at 'SOURCE:1:1'.
Settings settings_from(const Json& json, const std::string& source = "test.yaml");

// Results without what depends on the clock.
Json without_times(Json value);

// The message of the oubli::Error that `action` throws; fails the test where it throws none or one
// of another kind.
std::string error_of(ErrorKind kind, const std::function<void()>& action);

}  // namespace oubli::testing
