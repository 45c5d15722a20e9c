// Reads comma-separated values: RFC 4180 with quoted fields ("" stands for a quote inside one),
// LF or CRLF ends of line, an optional byte order mark; blank lines are skipped and blanks around
// an unquoted field are dropped. Another character may stand in the comma's place.
//
// Ours, since every message must name line and column: libcsv, the library that was considered,
// hands out fields without their place.
//
// Errors: Error(kData) with "FILE:LINE:COLUMN" for a quote that is never closed, text after a
// closing quote, and a quote inside an unquoted field; for text that is not UTF-8 or holds control
// characters, and for lines that end in a carriage return alone.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace oubli {

struct CsvField {
  std::string text;
  int line = 0;    // from 1
  int column = 0;  // from 1, in bytes
  bool is_quoted = false;
};

[[noreturn]] void fail_at_field(const std::string& where, const CsvField& field,
                                const std::string& message);

// Text in which lines and columns can be read at all; `what` ends the message of one that holds
// control characters.
void require_text(std::string_view content, const std::string& where, const std::string& what);

// What sets these names apart in the first line: a comma, a semicolon, a tab or a bar; a comma
// where none does.
char delimiter_of(std::string_view content, const std::string& where,
                  const std::vector<std::string>& names);

class CsvReader {
 public:
  // Reads `content`, which must outlive the reader; `where` names it in messages.
  CsvReader(std::string_view content, std::string where, char delimiter = ',');

  // The next row that is not blank; false at the end.
  bool next(std::vector<CsvField>& row);
  const std::string& where() const { return where_; }

 private:
  CsvField read_field();
  void read_quoted(CsvField& field);
  bool at_end() const { return at_ >= content_.size(); }
  bool at_end_of_line() const;
  void skip_end_of_line();

  bool is_blank(char c) const { return (c == ' ' || c == '\t') && c != delimiter_; }

  std::string_view content_;
  std::string where_;
  char delimiter_;
  std::size_t at_ = 0;
  std::size_t line_start_ = 0;
  int line_ = 1;
};

}  // namespace oubli
