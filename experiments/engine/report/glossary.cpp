#include "experiments/engine/report/glossary.h"

#include <algorithm>

namespace oubli {
namespace {

std::vector<std::string> split(const std::string& text) {
  std::vector<std::string> parts;
  std::size_t begin = 0;
  while (begin < text.size()) {
    const std::size_t end = std::min(text.find(", ", begin), text.size());
    parts.push_back(text.substr(begin, end - begin));
    begin = end + 2;
  }
  return parts;
}

}  // namespace

const std::vector<Word>& glossary() {
  static const std::vector<Word> words = {
#define OUBLI_WORD(name, others, text) {name, split(others), text},
#include "experiments/engine/report/glossary.def"
#undef OUBLI_WORD
  };
  return words;
}

}  // namespace oubli
