// Base64 (RFC 4648, with padding), by OpenSSL.
#pragma once

#include <string>
#include <string_view>

namespace oubli {

std::string base64(std::string_view bytes);
// Of bytes written in hexadecimal, as hashes are.
std::string base64_of_hex(std::string_view hex);

}  // namespace oubli
