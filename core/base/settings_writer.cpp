#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <cctype>
#include <cmath>

#include "core/base/settings_file.h"

namespace oubli {
namespace {

std::string real_text(double value) {
  if (std::isnan(value)) return ".nan";
  if (std::isinf(value)) return value > 0 ? ".inf" : "-.inf";
  std::string text = fmt::format("{}", value);  // the shortest that gives `value` back
  if (text.find('.') != std::string::npos) return text;
  // YAML 1.1 readers take 1e-05 for text and 1 for a whole number.
  const std::size_t exponent = text.find('e');
  return exponent == std::string::npos ? text + ".0" : text.insert(exponent, ".0");
}

// Whether a YAML reader would take the plain text for a number, a truth value or nothing.
bool reads_as_other_type(const std::string& text) {
  static const std::vector<std::string> kWords = {"true", "false", "yes", "no",    "on",
                                                  "off",  "null",  "y",   "n",     "~",
                                                  ".nan", ".inf",  "",    "-.inf", "+.inf"};
  std::string lower = text;
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](unsigned char letter) { return static_cast<char>(std::tolower(letter)); });
  if (std::find(kWords.begin(), kWords.end(), lower) != kWords.end()) return true;
  // Numbers in any notation, dates and times begin so; quoting a few words too many does no harm.
  const std::size_t start = lower.find_first_not_of("+-.");
  return start != std::string::npos && start <= 2 &&
         std::isdigit(static_cast<unsigned char>(lower[start])) != 0;
}

bool is_scalar(const Json& value) { return !value.is_structured(); }

void emit(YAML::Emitter& out, const Json& value);

void emit_text(YAML::Emitter& out, const std::string& text) {
  if (reads_as_other_type(text)) out << YAML::DoubleQuoted;
  out << text;
}

void emit_map(YAML::Emitter& out, const Json& value) {
  if (value.empty()) out << YAML::Flow;
  out << YAML::BeginMap;
  for (const auto& [key, inner] : value.items()) {
    out << YAML::Key;
    emit_text(out, key);
    out << YAML::Value;
    emit(out, inner);
  }
  out << YAML::EndMap;
}

void emit_sequence(YAML::Emitter& out, const Json& value) {
  if (std::all_of(value.begin(), value.end(), is_scalar)) out << YAML::Flow;
  out << YAML::BeginSeq;
  for (const Json& item : value) emit(out, item);
  out << YAML::EndSeq;
}

void emit(YAML::Emitter& out, const Json& value) {
  if (value.is_object()) return emit_map(out, value);
  if (value.is_array()) return emit_sequence(out, value);
  if (value.is_string()) return emit_text(out, value.get_ref<const std::string&>());
  if (value.is_null()) {
    out << YAML::Null;
  } else if (value.is_number_float()) {
    out << real_text(value.get<double>());
  } else {
    out << value.dump();  // whole numbers and truth values are written alike
  }
}

}  // namespace

std::string to_yaml(const Json& value) {
  YAML::Emitter out;
  emit(out, value);
  if (!out.good()) {
    throw Error(ErrorKind::kUsage, "a value cannot be written as YAML: " + out.GetLastError());
  }
  return std::string(out.c_str()) + "\n";
}

}  // namespace oubli
