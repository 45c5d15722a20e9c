#include "experiments/engine/reproduce/references.h"

#include <fmt/format.h>
#include <muParser.h>

#include <algorithm>
#include <charconv>
#include <string_view>

#include "core/base/settings.h"

namespace oubli {
namespace {

std::string trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return "";
  text.remove_prefix(first);
  return std::string(text.substr(0, text.find_last_not_of(" \t") + 1));
}

// "k=1, scale=10".
std::map<std::string, std::string> parse_values(const std::string& text, const Origin& origin) {
  std::map<std::string, std::string> values;
  std::size_t begin = 0;
  while (begin < text.size()) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    const std::string one = text.substr(begin, end - begin);
    const std::size_t equals = one.find('=');
    if (equals == std::string::npos) {
      fail_at(origin, fmt::format("'{}': NAME=VALUE was expected.", trimmed(one)));
    }
    values[trimmed(one.substr(0, equals))] = trimmed(one.substr(equals + 1));
    begin = end + 1;
  }
  return values;
}

Reference parse_reference(const std::string& text, const Origin& origin) {
  Reference reference;
  const std::size_t open = text.find('('), slash = text.find('/');
  std::size_t behind = slash;
  if (open < slash) {
    const std::size_t close = text.find(')', open);
    if (close == std::string::npos || close + 1 >= text.size() || text[close + 1] != '/') {
      fail_at(origin, fmt::format("{{{}}}: '(VALUES)/' was expected behind the run.", text));
    }
    reference.values = parse_values(text.substr(open + 1, close - open - 1), origin);
    behind = close + 1;
  }
  const std::size_t column = behind == std::string::npos ? behind : text.find('/', behind + 1);
  if (column == std::string::npos) {
    fail_at(origin, fmt::format("{{{}}}: {{RUN/ROW/COLUMN}} was expected.", text));
  }
  reference.run = trimmed(text.substr(0, std::min(open, slash)));
  reference.row = trimmed(text.substr(behind + 1, column - behind - 1));
  reference.column = trimmed(text.substr(column + 1));
  const std::size_t at = reference.column.find('@');
  if (at != std::string::npos) {
    const std::string requests = reference.column.substr(at + 1);
    const auto [end, problem] =
        std::from_chars(requests.data(), requests.data() + requests.size(), reference.at);
    if (problem != std::errc() || end != requests.data() + requests.size() || reference.at < 1) {
      fail_at(origin, fmt::format("'@{}': a number of requests was expected.", requests));
    }
    reference.column = reference.column.substr(0, at);
  }
  return reference;
}

double value_of(const std::string& arithmetic, std::vector<double> values) {
  mu::Parser parser;
  for (std::size_t i = 0; i < values.size(); ++i) {
    parser.DefineVar(fmt::format("v{}", i), &values[i]);
  }
  parser.SetExpr(arithmetic);
  return parser.Eval();
}

}  // namespace

Expression Expression::parse(const std::string& text, const Origin& origin) {
  Expression expression;
  expression.text = text;
  std::size_t begin = 0;
  while (begin < text.size()) {
    const std::size_t open = text.find('{', begin);
    expression.arithmetic += text.substr(begin, open - begin);
    if (open == std::string::npos) break;
    const std::size_t close = text.find('}', open);
    if (close == std::string::npos) fail_at(origin, fmt::format("'{}': '}}' is missing.", text));
    expression.arithmetic += fmt::format("v{}", expression.references.size());
    expression.references.push_back(
        parse_reference(text.substr(open + 1, close - open - 1), origin));
    begin = close + 1;
  }
  expression.arithmetic = trimmed(expression.arithmetic);
  try {
    value_of(expression.arithmetic, std::vector<double>(expression.references.size(), 1));
  } catch (const mu::Parser::exception_type& problem) {
    fail_at(origin, fmt::format("'{}' is no expression: {}", text, problem.GetMsg()));
  }
  return expression;
}

double Expression::at(const std::vector<double>& values) const {
  return value_of(arithmetic, values);
}

}  // namespace oubli
