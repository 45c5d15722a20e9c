#include "datasets/table/csv_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "core/base/error.h"
#include "core/base/text.h"

namespace oubli {
namespace {

std::vector<std::string> header_of(std::string_view content, const std::string& where,
                                   char delimiter) {
  std::vector<std::string> names;
  try {
    CsvReader reader(content, where, delimiter);
    std::vector<CsvField> row;
    reader.next(row);
    for (const CsvField& field : row) names.push_back(field.text);
  } catch (const Error&) {  // quotes that end before a delimiter which is none here
  }
  return names;
}

}  // namespace

void require_text(std::string_view content, const std::string& where, const std::string& what) {
  const auto fail = [&](std::size_t offset, const std::string& message) {
    const TextPlace place = place_in(content, offset);
    fail_at_field(where, {"", place.line, place.column}, message);
  };
  if (const std::optional<EncodingProblem> problem = encoding_problem(content)) {
    fail(problem->offset, problem->message);
  }
  if (const std::optional<std::size_t> control = first_control_character(content)) {
    constexpr std::size_t kLongestCharacter = 4;
    const std::string character = first_characters(content.substr(*control, kLongestCharacter), 1);
    fail(*control, fmt::format("found the control character {}: {}", quote(character), what));
  }
  if (const std::size_t end = content.find('\r');
      end != std::string_view::npos && content.find('\n') == std::string_view::npos) {
    fail(end,
         "lines end in a carriage return alone, as on old Macs: save the file with LF or CRLF.");
  }
}

char delimiter_of(std::string_view content, const std::string& where,
                  const std::vector<std::string>& names) {
  for (const char delimiter : {',', ';', '\t', '|'}) {
    const std::vector<std::string> there = header_of(content, where, delimiter);
    const bool has_all = std::all_of(names.begin(), names.end(), [&](const std::string& name) {
      return std::find(there.begin(), there.end(), name) != there.end();
    });
    if (has_all) return delimiter;
  }
  return ',';
}

[[noreturn]] void fail_at_field(const std::string& where, const CsvField& field,
                                const std::string& message) {
  throw Error(ErrorKind::kData,
              fmt::format("{}:{}:{}: {}", where, field.line, field.column, message));
}

CsvReader::CsvReader(std::string_view content, std::string where, char delimiter)
    : content_(content), where_(std::move(where)), delimiter_(delimiter) {
  if (content_.starts_with("\xef\xbb\xbf")) content_.remove_prefix(3);
  require_text(content_, where_, "this is no table of text.");
}

bool CsvReader::at_end_of_line() const {
  return at_end() || content_[at_] == '\n' || content_.substr(at_, 2) == "\r\n";
}

void CsvReader::skip_end_of_line() {
  if (at_end()) return;
  at_ += content_[at_] == '\r' ? 2 : 1;
  line_start_ = at_;
  ++line_;
}

bool CsvReader::next(std::vector<CsvField>& row) {
  while (!at_end()) {
    row.clear();
    const std::size_t begin = at_;
    while (true) {
      row.push_back(read_field());
      if (at_end_of_line()) break;
      ++at_;  // over the delimiter
    }
    const std::string_view text = content_.substr(begin, at_ - begin);
    skip_end_of_line();
    if (!std::all_of(text.begin(), text.end(), [&](char c) { return is_blank(c); })) return true;
  }
  row.clear();
  return false;
}

CsvField CsvReader::read_field() {
  while (!at_end() && is_blank(content_[at_])) ++at_;
  CsvField field{"", line_, static_cast<int>(at_ - line_start_) + 1};
  if (!at_end() && content_[at_] == '"') {
    field.is_quoted = true;
    read_quoted(field);
    return field;
  }
  const std::size_t begin = at_;
  while (!at_end_of_line() && content_[at_] != delimiter_) {
    if (content_[at_] == '"') {
      field.column = static_cast<int>(at_ - line_start_) + 1;
      fail_at_field(where_, field,
                    "a quote inside a field that does not start with one. Put the "
                    "whole field in quotes and double the quotes in it.");
    }
    ++at_;
  }
  std::size_t end = at_;
  while (end > begin && is_blank(content_[end - 1])) --end;
  field.text = std::string(content_.substr(begin, end - begin));
  return field;
}

void CsvReader::read_quoted(CsvField& field) {
  ++at_;
  while (true) {
    if (at_end()) {
      fail_at_field(where_, field, "this quote is never closed.");
    }
    const char c = content_[at_++];
    if (c == '"') {
      if (at_end() || content_[at_] != '"') break;
      ++at_;
    } else if (c == '\n') {
      ++line_;
      line_start_ = at_;
    }
    field.text += c;
  }
  while (!at_end() && is_blank(content_[at_])) ++at_;
  if (!at_end_of_line() && content_[at_] != delimiter_) {
    const CsvField here{"", line_, static_cast<int>(at_ - line_start_) + 1};
    fail_at_field(where_, here,
                  fmt::format("found {} after a closing quote, expected {} or "
                              "the end of the line. Double the quotes inside a "
                              "field.",
                              quote(content_.substr(at_, 1)),
                              delimiter_ == ',' ? "a comma" : quote(std::string(1, delimiter_))));
  }
}

}  // namespace oubli
