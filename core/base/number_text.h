// A number that is the whole of a text, as C++ writes it, whatever the locale. Nothing where the
// text is something else, or the number does not fit its type.
#pragma once

#include <charconv>
#include <optional>
#include <string_view>
#include <system_error>

namespace oubli {

template <class Number>
std::optional<Number> number_in(std::string_view text) {
  Number number{};
  const char* end = text.data() + text.size();
  const auto [stop, failure] = std::from_chars(text.data(), end, number);
  return failure == std::errc() && stop == end ? std::optional(number) : std::nullopt;
}

}  // namespace oubli
