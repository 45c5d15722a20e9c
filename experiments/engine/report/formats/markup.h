// Text as the formats of tables take it: nothing in a name can end a cell, a line or a command.
#pragma once

#include <string>

namespace oubli {

std::string latex_text(const std::string& text);     // \ { } ~ ^ _ % & # $ and line breaks
std::string markdown_text(const std::string& text);  // | < and line breaks
std::string csv_text(const std::string& text);       // RFC 4180

}  // namespace oubli
