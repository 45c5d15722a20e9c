// Downloads one file by libcurl, continuing where an earlier attempt stopped.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>

namespace oubli {

// Bytes there are so far, and in all (0 where the server does not say). What it throws ends the
// download and reaches the caller; what has arrived stays.
using DownloadProgress = std::function<void(std::int64_t done, std::int64_t total)>;

// Whether `place` is an address (SCHEME://...), as opposed to a folder. Throws Error(kSettings) for
// a scheme that is none of http, https and file.
bool is_address(const std::string& place);

// The address as messages show it: without a password.
std::string without_password(const std::string& address);

// Downloads `address` to `path`. Where `path` holds something, only the rest is asked for; a server
// that does not offer parts makes it start afresh. What has arrived stays when the connection
// breaks. Nothing is checked here but the length that the server announces. Returns whether an
// earlier part was continued.
// Throws Error(kData) with the address, the reason, and the bytes kept; and where more than `most`
// bytes arrive, which are then removed.
bool download(const std::string& address, const std::filesystem::path& path, std::int64_t most,
              const DownloadProgress& progress);

}  // namespace oubli
