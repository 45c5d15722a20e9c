// The store: a folder of finished stages.
//
// An entry is a folder named by the stage's key that holds the stage's files and `entry.json`,
// which lists each file with its size and SHA-256. It is written under a temporary name, flushed to
// disk and renamed, so a process killed at any moment leaves either nothing or a whole entry. A
// lock per key, released by the system when its owner dies, keeps two processes from doing the same
// stage.
//
//   STORE/entries/ab/abcdef.../{entry.json, ...}   finished stages
//   STORE/partial/                                 what is being written; swept by `gc`
//   STORE/locks/                                   one empty file for each key in work
//
// Errors: Error(kStore) where the folder cannot be written, with the system's reason.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "core/base/settings.h"

namespace oubli {

class Store {
 public:
  // Creates the folder; throws where that is not possible.
  explicit Store(std::filesystem::path folder);

  const std::filesystem::path& folder() const { return folder_; }

  enum class State { kAbsent, kSound, kDamaged };
  struct Check {
    State state = State::kAbsent;
    std::string problem;  // where damaged: which file and how
  };
  // Whether the entry is there and complete. `thorough` compares checksums; otherwise sizes.
  Check check(const std::string& key, bool thorough) const;

  // Folder of a sound entry. The caller has checked it.
  std::filesystem::path entry(const std::string& key) const;
  // `entry.json` of a sound entry.
  Json describe(const std::string& key) const;

  // Does the stage unless it is there: takes the key's lock, checks again, has `work` fill a new
  // folder, and moves it into place. A damaged entry is removed first. Returns true where it
  // worked.
  bool produce(const std::string& key, const Json& description,
               const std::function<void(const std::filesystem::path& folder)>& work) const;

  std::vector<std::string> keys() const;
  void remove(const std::string& key) const;
  // Removes what killed processes left behind; returns how many folders.
  std::size_t sweep() const;

 private:
  std::filesystem::path folder_;
};

// `--store`, OUBLI_STORE, or the user's cache.
std::filesystem::path default_store(const std::string& from_command_line);

// Writes a file whole or not at all: temporary name, flush, rename. Throws Error(kStore).
void write_file(const std::filesystem::path& path, const std::string& text);
// Throws Error(kStore).
std::string read_text_file(const std::filesystem::path& path);

}  // namespace oubli
