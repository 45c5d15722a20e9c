// Experiment files: YAML in, a tree of settings with origins out, and back.
//
//   SettingsNode root = read_settings_file("experiment.yaml");
//   apply_override(root, "methods.finetune.epochs=3");
//   Settings settings(root);
//
// A top-level `extends: other.yaml` (relative to the file that says it) reads that file first: maps
// merge key by key, everything else is replaced, and the file that extends wins. A map with another
// `name` replaces the old one, and so does the selector of `remove` or `add`. `key: null` drops
// what the file that is extended says of it.
//
// Plain scalars keep the text that was written; `~`, `null` and an absent value are kNull. Anchors
// and aliases work. Errors, all of kind kSettings and located at line and column: what YAML itself
// refuses, a key written twice, keys that are not text, merge keys (`<<`), several documents in one
// file, a structure nested or aliased beyond reason, text that is not UTF-8 or holds control
// characters, files that cannot be read or are larger than 16 MiB, `extends` in a circle or through
// more than 32 files. A pipe is read to its end.
#pragma once

#include <filesystem>
#include <string>

#include "core/base/settings.h"

namespace oubli {

SettingsNode read_settings_file(const std::filesystem::path& path);

// `source_name` stands for the file in origins. `extends` is left as an ordinary key: text has no
// folder to look in.
SettingsNode parse_settings(const std::string& text, const std::string& source_name);

// Sets one value: "a.b.c=value", the value being YAML. Maps on the way are made where they are
// missing. In a list, a part of the path is an index from 0, or the name of an item: an item is
// named by its text (`- retrain`) or, for a map of one entry, by `as` in it or else by its key
// (`- finetune: {...}`);
// parts after either lead into the settings of the item. The origin of what was set is
// "--set a.b.c=value". Throws Error(kSettings) where the path is malformed, passes through a
// scalar, or names no item of a list or two.
void apply_override(SettingsNode& root, const std::string& assignment);

// The tree with every origin, to hand to another process, and back. What is not such a tree throws.
Json to_json(const SettingsNode& node);
SettingsNode settings_from_json(const Json& json);

// Block YAML in the order of `value`; lists of scalars stand on one line. Reals are written with
// the fewest digits that give the same double back, and always with a point, so that every reader
// takes them for reals; text is quoted where YAML would otherwise read something else. Ends with a
// newline.
std::string to_yaml(const Json& value);

}  // namespace oubli
