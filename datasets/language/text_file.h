// Files of running text: UTF-8, with the number of every line.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "core/base/error.h"

namespace oubli {

struct TextLine {
  std::string text;  // without its end, LF or CRLF, and without a byte order mark
  int number = 0;    // from 1
};

// Every line of the file, blank ones too, but for those at its end; unpacked where it is a gzip
// file. Throws Error(kData) with "FILE:LINE:COLUMN" for text that is not UTF-8, holds control
// characters, or ends its lines in a carriage return alone, and for more than fits into memory.
std::vector<TextLine> read_text_lines(const std::filesystem::path& file);

// Nothing but blanks.
bool is_blank_line(const std::string& line);

}  // namespace oubli
