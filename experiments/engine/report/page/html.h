// Text as HTML: what settings, labels and data say is shown, and never read as markup.
#pragma once

#include <string>
#include <string_view>

#include "core/base/json.h"

namespace oubli {

// Also inside of a quoted attribute.
std::string escaped_html(std::string_view text);

// A name, which a line may break behind each underscore of.
std::string name_html(std::string_view name);

// A PNG in base64 as an image of 84 pixels; "" for what is none, whoever wrote it.
std::string picture_html(const std::string& base64, const std::string& alternative);

// A text as it is, anything else as JSON.
std::string text_of_json(const Json& json);

// A term of a definition list and what stands behind it, HTML.
std::string definition_item(const std::string& term, const std::string& html);

// JSON in a script element, which no text inside of it can end.
std::string json_block(const std::string& id, const Json& json);

}  // namespace oubli
