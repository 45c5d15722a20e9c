// The store: a folder of finished stages, which several programs, users and hosts may share.
//
// An entry is a folder named by the stage's key that holds the stage's files and `entry.json`,
// which lists each file with its size and SHA-256. It is written under another name, flushed to
// disk and renamed, so a process killed at any moment leaves either nothing or a whole entry. A
// lock per key, released by the system when its owner dies, keeps two processes from doing the same
// stage; on whatever file system it lies, its locks decide who is alive, never process numbers.
//
//   STORE/entries/ab/abcdef.../{entry.json, ...}   finished stages
//   STORE/partial/KEY.RANDOM/                      what is being written; swept where KEY's lock is
//                                                  free
//   STORE/locks/KEY                                who does a stage; there while it is done
//
// Nothing in an entry is taken on trust. `entry.json` holds its own checksum, the key, and what the
// key is the hash of; every file is compared with its checksum in the moment it is read; and an
// entry records the content of what it was made from, so that it is done again where an input now
// has other bits. A store folder that its group (with setgid) or everybody may write to gives the
// same rights on all that is made in it, whatever the umask.
//
// Errors: FileError of kind kStore where something cannot be read or written: that is never taken
// for damage. DamagedEntry where what was read is not what was written.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "core/base/file.h"
#include "core/base/json.h"

namespace oubli {

class DamagedEntry : public Error {
 public:
  DamagedEntry(const std::string& key, const std::string& problem)
      : Error(ErrorKind::kStore, "damaged in the store: " + key + ": " + problem),
        key_(key),
        problem_(problem) {}
  const std::string& key() const { return key_; }
  const std::string& problem() const { return problem_; }

 private:
  std::string key_, problem_;
};

class Store {
 public:
  // `kToWrite` makes the folder where there is none; the others throw. All but `kToRead` throw
  // where it cannot be written to, or where its file system has no locks.
  enum class Access { kToRead, kToChange, kToWrite };
  explicit Store(std::filesystem::path folder, Access access = Access::kToWrite);

  const std::filesystem::path& folder() const { return folder_; }

  // By key of an entry, or digest of a group of them: what it holds (see content()).
  using Contents = std::map<std::string, std::string>;

  enum class State { kAbsent, kSound, kDamaged };
  struct Check {
    State state = State::kAbsent;
    std::string problem;  // where damaged: which file and how
  };
  // Whether the entry is there and complete. `thorough` compares checksums; otherwise sizes. An
  // entry that was made from other contents than `inputs` says counts as damaged.
  Check check(const std::string& key, bool thorough, const Contents& inputs = {}) const;

  // Other processes may have changed entries since they were looked at.
  void look_again() const { records_.clear(); }

  // Folder of a sound entry.
  std::filesystem::path entry(const std::string& key) const;
  // A file of an entry, compared with its checksum. Throws DamagedEntry.
  std::string read(const std::string& key, const std::string& file) const;
  std::uint64_t bytes(const std::string& key, const std::string& file) const;
  // `entry.json` of a sound entry.
  Json describe(const std::string& key) const;
  // SHA-256 of what the entry's files hold, but for `seconds` and `seconds_ratio` in JSON: how long
  // things took is no part of what was made. "" for an entry that is not there or damaged.
  std::string content(const std::string& key) const;

  // Whether the entry, where it is there, was made from these contents; those that are "" say
  // nothing.
  bool is_made_from(const std::string& key, const Contents& inputs) const;

  struct NewEntry {
    std::string key;  // SHA-256 of description["determined_by"]
    Json description;
    // Fills a new folder.
    std::function<void(const std::filesystem::path& folder)> work;
    // The contents of what it is made from, now.
    std::function<Contents()> inputs = [] { return Contents(); };
    // Called where another process is doing this stage, before it is waited for.
    std::function<void(const std::string& holder)> on_wait = {};
  };
  // Does the stage unless it is there: takes the key's lock, checks again, does the work, and moves
  // it into place. A damaged entry is removed first. Returns true where it worked.
  bool produce(const NewEntry& entry) const;

  // Of all entries, sound or not; other names in the folder are passed over.
  std::vector<std::string> keys() const;
  // Removes an entry that a reader cannot use, sound or not.
  void discard(const std::string& key) const;
  // Whether the entry was written by an oubli that gave entries no checksum of their own.
  bool is_of_another_version(const std::string& key) const;
  // Removes an entry unless it turns out to be sound, or somebody is at work on it.
  bool remove_damaged(const std::string& key) const;
  // Removes what killed processes left behind; returns how many unfinished stages.
  std::size_t sweep() const;

 private:
  struct FileRecord {
    std::uint64_t bytes = 0;
    std::string sha256;
  };
  // What is remembered of an entry.json.
  struct Record {
    std::map<std::string, FileRecord> files;
    std::string content;
    Contents inputs;
  };
  const Record& record(const std::string& key, bool read_again) const;
  Check check_files(const std::string& key, bool thorough, const Contents& inputs) const;
  std::filesystem::path lock_of(const std::string& key) const { return folder_ / "locks" / key; }
  std::filesystem::path new_partial(const std::string& key) const;
  void sweep_partial(const std::string& key) const;

  std::filesystem::path folder_;
  mutable std::map<std::string, Record> records_;
};

// `--store`, OUBLI_STORE, or the user's cache.
std::filesystem::path default_store(const std::string& from_command_line);

}  // namespace oubli
