// Words as numbers: what a model of language reads and says.
//
//   "Lea Roth lives in Lyon."  ->  <s> Lea Roth lives in Lyon . <s>
//
// A text is cut into words: runs of letters, digits and what joins them within a word (' - _ and
// every byte beyond ASCII), and each other character that is no blank by itself. Nothing is changed
// in them, so that joining them by blanks is what was read, but for its spacing.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace oubli {

std::vector<std::string> words_of(std::string_view text);
// One for each character, which may be several bytes of UTF-8.
std::vector<std::string> characters_of(std::string_view text);

class Vocabulary {
 public:
  // Stands before and behind every sequence, and where one is shorter than the others.
  static constexpr std::int64_t kEnd = 0;
  static constexpr const char* kEndText = "<s>";

  Vocabulary() { number(kEndText); }

  // Of a word, which is taken in where it is new.
  std::int64_t number(const std::string& word);
  std::vector<std::int64_t> numbers(const std::vector<std::string>& words);

  std::int64_t size() const { return static_cast<std::int64_t>(words_.size()); }
  const std::vector<std::string>& words() const { return words_; }

 private:
  std::unordered_map<std::string, std::int64_t> numbers_;
  std::vector<std::string> words_;
};

}  // namespace oubli
