#include "datasets/table/given_inputs.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "core/base/file.h"
#include "core/base/json.h"
#include "core/base/text.h"
#include "datasets/faults.h"

namespace oubli {
namespace {

constexpr const char* kExpected =
    "expected what `oubli apply` writes in record.json: {\"inputs\": [{\"name\": \"age\", "
    "\"mean\": 48.9, \"deviation\": 18.1}, ...]}";

[[noreturn]] void fail_given(const std::string& where, const std::string& message) {
  throw Error(ErrorKind::kData, fmt::format("{}: {}", where, message));
}

// Of one input; `standing` where it is not said.
double number_of_input(const Json& input, const char* key, double standing, bool positive,
                       const std::string& where) {
  const auto found = input.find(key);
  if (found == input.end()) return standing;
  const double value = found->is_number() ? found->get<double>() : std::nan("");
  if (std::isfinite(value) && (!positive || value > 0)) return value;
  fail_given(where, fmt::format("'{}' of input {} is no {} number.", key,
                                quote(input.at("name").get<std::string>()),
                                positive ? "positive" : "finite"));
}

GivenInput read_input(const Json& json, const std::string& where) {
  const bool is_named = json.is_object() && json.contains("name") && json.at("name").is_string();
  if (!is_named) fail_given(where, fmt::format("an input without a name; {}.", kExpected));
  GivenInput input{json.at("name").get<std::string>()};
  input.mean = number_of_input(json, "mean", 0, false, where);
  input.deviation = number_of_input(json, "deviation", 1, true, where);
  if (json.contains("missing")) input.missing = number_of_input(json, "missing", 0, false, where);
  return input;
}

bool has_name(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

}  // namespace

GivenInputs::GivenInputs(const std::filesystem::path& file, const Origin& origin)
    : where_(fmt::format("{}: {}", origin.text(), file.string())) {
  const Json json = parse_json(read_text_file(file, ErrorKind::kData));
  if (!json.is_object() || !json.contains("inputs") || !json.at("inputs").is_array() ||
      json.at("inputs").empty()) {
    fail_given(where_, fmt::format("no list of inputs; {}.", kExpected));
  }
  std::set<std::string> names;
  bool is_scaled = false;
  for (const Json& each : json.at("inputs")) {
    inputs_.push_back(read_input(each, where_));
    const GivenInput& input = inputs_.back();
    if (!names.insert(input.name).second) {
      fail_given(where_, fmt::format("two inputs {}.", quote(input.name)));
    }
    is_scaled = is_scaled || input.mean != 0 || input.deviation != 1;
  }
  if (!is_scaled) {
    fail_given(where_,
               "no input has a mean and a deviation: what that model saw was not "
               "standardised, and `standardise: false` is the same.");
  }
}

std::optional<double> GivenInputs::missing(const std::string& name) const {
  const auto found = std::find_if(inputs_.begin(), inputs_.end(),
                                  [&](const GivenInput& input) { return input.name == name; });
  return found == inputs_.end() ? std::nullopt : found->missing;
}

void GivenInputs::require_same(const std::vector<std::string>& names,
                               const std::string& table) const {
  std::vector<std::string> given, faults;
  for (const GivenInput& input : inputs_) given.push_back(input.name);
  for (const std::string& name : names) {
    if (has_name(given, name)) continue;
    faults.push_back(fmt::format("{}: {}", where_, unknown_name_message("input", name, given)));
  }
  for (const std::string& name : given) {
    if (has_name(names, name)) continue;
    const std::string nearest = nearest_name(name, names);
    faults.push_back(
        fmt::format("{}: {} gives no input {}{}", where_, table, quote(name),
                    nearest.empty() ? "." : fmt::format("; did you mean {}?", quote(nearest))));
  }
  if (!faults.empty()) throw Error(ErrorKind::kData, all_faults(faults));
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (names[i] == given[i]) continue;
    fail_given(where_, fmt::format("input {} is {}, and {} gives {} there: a model takes them by "
                                   "their order. The columns must stand as they did then.",
                                   i + 1, quote(given[i]), table, quote(names[i])));
  }
}

}  // namespace oubli
