#include "experiments/engine/report/page/html.h"

#include <fmt/format.h>

#include "core/base/text.h"

namespace oubli {

std::string escaped_html(std::string_view text) {
  std::string escaped;
  for (const char c : printable(text, /*lines=*/true)) {
    switch (c) {
      case '&':
        escaped += "&amp;";
        break;
      case '<':
        escaped += "&lt;";
        break;
      case '>':
        escaped += "&gt;";
        break;
      case '"':
        escaped += "&quot;";
        break;
      case '\'':
        escaped += "&#39;";
        break;
      default:
        escaped += c;
    }
  }
  return escaped;
}

std::string name_html(std::string_view name) {
  std::string html;
  for (const char c : escaped_html(name)) {
    html += c;
    if (c == '_') html += "<wbr>";
  }
  return html;
}

std::string picture_html(const std::string& base64, const std::string& alternative) {
  constexpr std::string_view kAlphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=";
  if (base64.empty() || base64.find_first_not_of(kAlphabet) != std::string::npos) return "";
  return fmt::format(
      "<img src=\"data:image/png;base64,{}\" alt=\"{}\" width=\"84\" height=\"84\" "
      "loading=\"lazy\">",
      base64, escaped_html(alternative));
}

std::string text_of_json(const Json& json) {
  return json.is_string() ? json.get<std::string>()
                          : json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string definition_item(const std::string& term, const std::string& html) {
  return fmt::format("<dt>{}</dt><dd>{}</dd>\n", escaped_html(term), html);
}

std::string json_block(const std::string& id, const Json& json) {
  std::string text = json.dump(-1, ' ', false, Json::error_handler_t::replace), safe;
  for (const char c : text) {
    if (c == '<') {
      safe += "\\u003c";
    } else {
      safe += c;
    }
  }
  return fmt::format("<script type=\"application/json\" id=\"{}\">{}</script>\n", escaped_html(id),
                     safe);
}

}  // namespace oubli
