#include "datasets/language/token_text.h"

#include <algorithm>
#include <string>
#include <unordered_map>

#include "core/base/error.h"
#include "datasets/language/vocabulary.h"

namespace oubli {

bool is_of_characters(const Dataset& data) {
  const std::vector<std::string>& names = data.class_names;
  return names.size() > 1 &&
         std::all_of(names.begin() + 1, names.end(),
                     [](const std::string& token) { return characters_of(token).size() == 1; });
}

std::string token_text(const Dataset& data, const Tensor& tokens) {
  const bool has_blanks = !is_of_characters(data);
  std::string text;
  for (const std::int64_t token : as_vector<std::int64_t>(tokens)) {
    if (token < 0) continue;
    if (!text.empty() && has_blanks) text += ' ';
    const auto place = static_cast<std::size_t>(token);
    text += place < data.class_names.size() ? data.class_names[place] : std::to_string(token);
  }
  return text;
}

std::vector<std::int64_t> tokens_of_text(const Dataset& data, const std::string& text,
                                         const std::string& what) {
  std::unordered_map<std::string, std::int64_t> numbers;
  for (std::size_t i = 0; i < data.class_names.size(); ++i) {
    numbers.try_emplace(data.class_names[i], static_cast<std::int64_t>(i));
  }
  std::vector<std::int64_t> tokens = {Vocabulary::kEnd};
  for (const std::string& word : is_of_characters(data) ? characters_of(text) : words_of(text)) {
    const auto found = numbers.find(word);
    if (found == numbers.end()) {
      throw Error(ErrorKind::kUsage,
                  what + ": " + unknown_name_message("word", word, data.class_names));
    }
    tokens.push_back(found->second);
  }
  return tokens;
}

}  // namespace oubli
