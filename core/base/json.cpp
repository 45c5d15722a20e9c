#include "core/base/json.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace oubli {
namespace {

constexpr std::size_t kDeepestJson = 64;
constexpr std::size_t kMostKeys = 20'000;

// Over the brackets outside of strings.
bool is_too_deep(std::string_view text) {
  std::size_t depth = 0;
  bool in_string = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      if (c == '\\') ++i;
      in_string = c != '"';
    } else if (c == '"') {
      in_string = true;
    } else if (c == '[' || c == '{') {
      if (++depth > kDeepestJson) return true;
    } else if ((c == ']' || c == '}') && depth > 0) {
      --depth;
    }
  }
  return false;
}

bool has_large_map(const nlohmann::json& json) {
  if (json.is_object() && json.size() > kMostKeys) return true;
  return json.is_structured() && std::any_of(json.begin(), json.end(), has_large_map);
}

}  // namespace

Json parse_json(std::string_view text) {
  const Json nothing(Json::value_t::discarded);
  if (is_too_deep(text)) return nothing;
  constexpr std::size_t kSmall = 8 * kMostKeys;  // a key takes eight bytes and more
  if (text.size() > kSmall) {
    const nlohmann::json unordered = nlohmann::json::parse(text, nullptr, false);
    if (unordered.is_discarded() || has_large_map(unordered)) return nothing;
  }
  return Json::parse(text, nullptr, /*allow_exceptions=*/false);
}

std::int64_t whole_number(const Json& json) {
  constexpr double kMost = 9007199254740992;  // 2^53: all below are doubles too
  const double number = json.get<double>();
  if (!(std::abs(number) <= kMost) || number != std::floor(number)) {
    throw Json::type_error::create(302, "a whole number was expected", &json);
  }
  return static_cast<std::int64_t>(number);
}

Json number_or_null(double value) { return std::isfinite(value) ? Json(value) : Json(nullptr); }

}  // namespace oubli
