// entry.json, which makes a folder of files an entry of the store: each file with its size and
// SHA-256, what the entry is determined by, and a checksum of its own.
#pragma once

#include <filesystem>
#include <string>

#include "core/base/file.h"
#include "core/base/json.h"

namespace oubli {

inline const char* const kEntryFile = "entry.json";

// Whether a name is a stage's key: 64 hexadecimal digits.
bool is_key(const std::string& name);

// Whether something else stands where a file was written, or nothing. What the system refuses is no
// damage.
bool is_damage(const FileError& error);

// Fills in what the files of a new entry are, and the hash of what they hold but for the time that
// was taken; flushes them to disk. Throws FileError where there are none.
void describe_files(const std::filesystem::path& folder, Json& entry);

// The text of an entry.json with its own checksum at the end.
std::string with_checksum(Json entry);

// Why the text is not the entry.json that was written for this key; "" where it is.
std::string problem_of_entry(const std::string& text, const std::string& key);

// Whether the text is the entry.json of an oubli that gave entries no checksum of their own.
bool is_entry_of_another_version(const std::string& text, const std::string& key);

}  // namespace oubli
