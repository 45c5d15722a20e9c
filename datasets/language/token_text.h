// Tokens as text again, and text as tokens.
#pragma once

#include <string>
#include <vector>

#include "core/data/dataset.h"

namespace oubli {

// Whether every token but the first, which begins and ends sequences, is a single character.
bool is_of_characters(const Dataset& data);

// Words with blanks between them, or characters with none. Tokens below 0 are none: int64 [tokens].
std::string token_text(const Dataset& data, const Tensor& tokens);

// A text's words or characters, as those of the data are, and behind the token that begins a
// sequence. A word that the data lacks is read as those that it has of its parts, cut at what joins
// words: "Roth's" as "Roth" and "'s", which a wording "{subject}'s" has apart. Error(kUsage) for
// one that the data lacks; the message begins with `what` and names the nearest.
std::vector<std::int64_t> tokens_of_text(const Dataset& data, const std::string& text,
                                         const std::string& what);

}  // namespace oubli
