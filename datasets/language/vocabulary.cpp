#include "datasets/language/vocabulary.h"

#include <cctype>

namespace oubli {
namespace {

bool is_in_words(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte >= 0x80 || std::isalnum(byte) != 0 || c == '\'' || c == '-' || c == '_';
}

bool continues_a_character(char c) { return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U; }

}  // namespace

std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> words;
  for (std::size_t at = 0; at < text.size();) {
    std::size_t end = at;
    while (end < text.size() && is_in_words(text[end])) ++end;
    if (end == at) ++end;
    if (std::isspace(static_cast<unsigned char>(text[at])) == 0) {
      words.emplace_back(text.substr(at, end - at));
    }
    at = end;
  }
  return words;
}

std::vector<std::string> characters_of(std::string_view text) {
  std::vector<std::string> characters;
  for (const char c : text) {
    if (continues_a_character(c) && !characters.empty()) {
      characters.back() += c;
    } else {
      characters.emplace_back(1, c);
    }
  }
  return characters;
}

std::int64_t Vocabulary::number(const std::string& word) {
  const auto [found, is_new] = numbers_.try_emplace(word, size());
  if (is_new) words_.push_back(word);
  return found->second;
}

std::vector<std::int64_t> Vocabulary::numbers(const std::vector<std::string>& words) {
  std::vector<std::int64_t> all;
  all.reserve(words.size());
  for (const std::string& word : words) all.push_back(number(word));
  return all;
}

}  // namespace oubli
