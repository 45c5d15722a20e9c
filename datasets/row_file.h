// Forget sets in a file: one row number of the data set a line, blank lines and everything from
// '#' on ignored. Rows are an example's stable identity (core/data/dataset.h), so that a forget set
// drawn once can be kept, read, and used again.
//
// Errors: Error(kData) with "FILE:LINE" of every line that is not one number of 0 or more;
// FileError where it cannot be read (kData) or written (kStore).
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "core/base/tensor.h"

namespace oubli {

// Rows as int64, in the order written. `lines`, where given, receives the line of each row.
Tensor read_rows(const std::filesystem::path& path, std::vector<int>* lines = nullptr);

// Writes the rows under `header`, each line of which becomes a comment.
void write_rows(const std::filesystem::path& path, const Tensor& rows, const std::string& header);

}  // namespace oubli
