#include "datasets/language/fact_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <map>
#include <utility>

#include "core/base/error.h"
#include "core/base/text.h"
#include "core/data/row_column.h"
#include "datasets/faults.h"
#include "datasets/files.h"
#include "datasets/language/fact_texts.h"
#include "datasets/language/vocabulary.h"
#include "datasets/table/csv_reader.h"

namespace oubli {
namespace {

constexpr std::uint64_t kLongestFactFile = std::uint64_t{1} << 30;
constexpr std::int64_t kMostRepeats = 1000;

// Reads the lines of a file of facts, and gathers what is wrong with them.
class FactLines {
 public:
  FactLines(const std::string& content, const std::string& where, const FactFile& file)
      : where_(where),
        reader_(
            content, where,
            file.delimiter != '\0' ? file.delimiter : delimiter_of(content, where, required())) {
    read_header(file.ignore);
    std::vector<CsvField> row;
    while (reader_.next(row)) read_line(row);
    if (!faults_.empty()) throw Error(ErrorKind::kData, all_faults(faults_));
    if (lines_.size() < 2) {
      throw Error(
          ErrorKind::kData,
          fmt::format("{}: {}, and two are the least: one may leave then.", where_,
                      lines_.empty() ? "there is no fact in it" : "there is one fact in it"));
    }
  }

  std::vector<FactLine> take() { return std::move(lines_); }

 private:
  static std::vector<std::string> required() {
    return {FactColumns::kSubject, FactColumns::kRelation, FactColumns::kObject};
  }

  void note(const CsvField& field, const std::string& message) {
    faults_.push_back(fmt::format("{}:{}:{}: {}", where_, field.line, field.column, message));
  }

  void read_header(const std::vector<std::string>& ignored) {
    std::vector<CsvField> row;
    if (!reader_.next(row)) {
      throw Error(ErrorKind::kData,
                  fmt::format("{} is empty; a line with the names subject, relation and object was "
                              "expected.",
                              where_));
    }
    std::vector<std::string> valid = required();
    valid.emplace_back(FactColumns::kRepeats);
    for (std::size_t i = 0; i < row.size(); ++i) {
      const std::string& name = row[i].text;
      if (std::find(ignored.begin(), ignored.end(), name) != ignored.end()) continue;
      if (std::find(valid.begin(), valid.end(), name) == valid.end()) {
        note(row[i], unknown_name_message("column", name, valid) +
                         " What is no part of a fact is left out by `ignore: [" + clipped(name) +
                         "]`.");
      } else if (!place_of_.emplace(name, i).second) {
        note(row[i], fmt::format("two columns '{}'.", name));
      }
    }
    for (const std::string& name : required()) {
      if (place_of_.contains(name)) continue;
      note(row.front(), fmt::format("there is no column '{}': the first line names subject, "
                                    "relation and object.",
                                    name));
    }
    if (!faults_.empty()) throw Error(ErrorKind::kData, all_faults(faults_));
    columns_ = row.size();
  }

  void read_line(const std::vector<CsvField>& row) {
    if (row.size() != columns_) {
      note(row.back(), fmt::format("this line ends after {} field{}, and the first one names {}. A "
                                   "field with a delimiter in it stands in quotes.",
                                   row.size(), row.size() == 1 ? "" : "s", columns_));
      return;
    }
    FactLine line;
    line.line = row.front().line;
    const std::size_t before = faults_.size();
    for (const auto& [name, text] : {std::pair(FactColumns::kSubject, &line.subject),
                                     std::pair(FactColumns::kRelation, &line.relation),
                                     std::pair(FactColumns::kObject, &line.object)}) {
      const CsvField& field = row[place_of_.at(name)];
      *text = field.text;
      if (words_of(field.text).empty()) note(field, fmt::format("there is no {} here.", name));
    }
    if (const auto repeats = place_of_.find(FactColumns::kRepeats); repeats != place_of_.end()) {
      line.repeats = repeats_in(row[repeats->second]);
    }
    if (faults_.size() > before) return;
    const auto [first, is_new] = line_of_.try_emplace({line.subject, line.relation}, lines_.size());
    if (is_new) return lines_.push_back(std::move(line));
    const FactLine& other = lines_[first->second];
    note(row.front(),
         other.object == line.object
             ? fmt::format("this fact stands in line {} already.", other.line)
             : fmt::format("the {} of {} is {} in line {}: a subject has one object in a relation. "
                           "Where it has several, they are relations of their own.",
                           line.relation, quote(line.subject), quote(other.object), other.line));
  }

  std::int64_t repeats_in(const CsvField& field) {
    const double value = number_or_days(field.text);
    if (value >= 1 && value <= kMostRepeats && std::floor(value) == value) {
      return static_cast<std::int64_t>(value);
    }
    note(field,
         fmt::format("{} is no number of repeats, from 1 to {}.", quote(field.text), kMostRepeats));
    return 1;
  }

  std::string where_;
  CsvReader reader_;
  std::map<std::string, std::size_t> place_of_;  // of columns
  std::size_t columns_ = 0;
  std::vector<FactLine> lines_;
  std::map<std::pair<std::string, std::string>, std::size_t> line_of_;
  std::vector<std::string> faults_;
};

}  // namespace

std::vector<FactLine> read_fact_lines(const FactFile& file) {
  const FileContent content = read_file(file.path, kLongestFactFile);
  return FactLines(content.bytes, file.path.string(), file).take();
}

}  // namespace oubli
