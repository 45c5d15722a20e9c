#include "datasets/language/token_text.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "core/base/error.h"
#include "datasets/language/vocabulary.h"

namespace oubli {
namespace {

using WordNumbers = std::unordered_map<std::string, std::int64_t>;

// Whether a word may be cut before this byte: beside what joins parts of a word (vocabulary.h), or
// the other apostrophe.
bool is_cut(std::string_view word, std::size_t at) {
  constexpr std::string_view kJoints[] = {"'", "-", "_", "\u2019"};
  return at == word.size() ||
         std::any_of(std::begin(kJoints), std::end(kJoints), [&](std::string_view joint) {
           return word.substr(at).starts_with(joint) || word.substr(0, at).ends_with(joint);
         });
}

// The fewest words of the vocabulary that make up one that it lacks; none where they do not.
std::vector<std::int64_t> parts_of_word(const std::string& word, const WordNumbers& numbers) {
  std::vector<std::optional<std::vector<std::int64_t>>> from(word.size() + 1);
  from[word.size()].emplace();
  for (std::size_t begin = word.size(); begin-- > 0;) {
    if (begin > 0 && !is_cut(word, begin)) continue;
    for (std::size_t end = begin + 1; end <= word.size(); ++end) {
      if (!from[end]) continue;
      const auto found = numbers.find(word.substr(begin, end - begin));
      if (found == numbers.end() || (from[begin] && from[begin]->size() <= from[end]->size() + 1)) {
        continue;
      }
      from[begin] = {found->second};
      from[begin]->insert(from[begin]->end(), from[end]->begin(), from[end]->end());
    }
  }
  return from[0].value_or(std::vector<std::int64_t>{});
}

}  // namespace

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
  WordNumbers numbers;
  for (std::size_t i = 0; i < data.class_names.size(); ++i) {
    numbers.try_emplace(data.class_names[i], static_cast<std::int64_t>(i));
  }
  std::vector<std::int64_t> tokens = {Vocabulary::kEnd};
  for (const std::string& word : is_of_characters(data) ? characters_of(text) : words_of(text)) {
    const auto found = numbers.find(word);
    const std::vector<std::int64_t> read = found != numbers.end()
                                               ? std::vector<std::int64_t>{found->second}
                                               : parts_of_word(word, numbers);
    if (read.empty()) {
      throw Error(ErrorKind::kUsage,
                  what + ": " + unknown_name_message("word", word, data.class_names));
    }
    tokens.insert(tokens.end(), read.begin(), read.end());
  }
  return tokens;
}

}  // namespace oubli
