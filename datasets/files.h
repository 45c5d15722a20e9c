// Finds a data set's files and reads them, packed by gzip or plain.
//
// Errors: Error(kData) with the path and, for a damaged gzip file, the byte offset at which it
// stops making sense. The message for files that are not there names every folder searched and the
// command that downloads them.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "datasets/source.h"

namespace oubli {

// Throws Error(kData) for a place in a data file: "FILE: at byte OFFSET: MESSAGE".
[[noreturn]] void fail_at_byte(const std::string& file, std::int64_t offset,
                               const std::string& message);

// The first folder of F/name/SUB, F/SUB (for every F of `folders` and SUB of `subfolders`), F/name
// and F that holds all of `files`, where FILE.gz stands for FILE too.
std::filesystem::path find_data_folder(const DataFolders& folders, const std::string& name,
                                       const std::vector<std::string>& subfolders,
                                       const std::vector<std::string>& files);

// A file that the settings name: from `folder`, that of the file which names it, else from the
// first of `folders` that has it. `what` it is stands in the message where there is none.
std::filesystem::path find_named_file(const std::string& what, const std::filesystem::path& file,
                                      const std::filesystem::path& folder,
                                      const DataFolders& folders);

// FOLDER/NAME or, where that is not there, FOLDER/NAME.gz.
std::filesystem::path plain_or_packed(const std::filesystem::path& folder, const std::string& name);

// What is read of a file: its content, unpacked where it is a gzip file.
struct FileContent {
  std::string bytes;
  bool is_whole = true;  // false: there is more than was asked for
};

// At most `most` bytes, whatever the file unpacks to. Throws for what is no ordinary file, and
// where the machine's memory is too small for what was asked for.
FileContent read_file(const std::filesystem::path& path, std::uint64_t most);

// Unpacks a gzip file in memory, up to `most` bytes. `where` names it in messages.
FileContent unpack_gzip(std::string_view packed, const std::string& where, std::uint64_t most);

}  // namespace oubli
