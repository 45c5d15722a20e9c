#include "datasets/download.h"

#include <curl/curl.h>
#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <exception>
#include <memory>

#include "core/base/error.h"
#include "datasets/part_file.h"

namespace oubli {
namespace {

struct Transfer {
  PartFile* file = nullptr;
  std::int64_t offset = 0;  // bytes of the file that were there before
  std::int64_t left = 0;    // bytes that may still come
  const DownloadProgress* progress = nullptr;
  std::exception_ptr thrown;  // must not pass through libcurl
  bool is_too_much = false;
};

std::size_t write_bytes(char* bytes, std::size_t size, std::size_t count, void* user) {
  auto* transfer = static_cast<Transfer*>(user);
  const std::size_t all = size * count;
  transfer->left -= static_cast<std::int64_t>(all);
  if (transfer->left < 0) {
    transfer->is_too_much = true;
    return 0;
  }
  try {
    transfer->file->write(bytes, all);
    return all;
  } catch (...) {
    transfer->thrown = std::current_exception();
    return 0;
  }
}

int report_progress(void* user, curl_off_t total, curl_off_t done, curl_off_t, curl_off_t) {
  auto* transfer = static_cast<Transfer*>(user);
  try {
    (*transfer->progress)(transfer->offset + done, total > 0 ? transfer->offset + total : 0);
    return 0;
  } catch (...) {
    transfer->thrown = std::current_exception();
    return 1;
  }
}

struct Outcome {
  CURLcode code = CURLE_OK;
  long status = 0;  // of HTTP
  std::string reason;
  bool is_too_much = false;
};

void start_curl_once() {
  static const CURLcode started = curl_global_init(CURL_GLOBAL_DEFAULT);
  if (started != CURLE_OK) {
    throw Error(ErrorKind::kUsage,
                fmt::format("libcurl could not start: {}", curl_easy_strerror(started)));
  }
}

void restrict_protocols(CURL* curl) {
#if LIBCURL_VERSION_NUM >= 0x075500
  curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https,file");
  curl_easy_setopt(curl, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
#else
  curl_easy_setopt(curl, CURLOPT_PROTOCOLS,
                   static_cast<long>(CURLPROTO_HTTP | CURLPROTO_HTTPS | CURLPROTO_FILE));
  curl_easy_setopt(curl, CURLOPT_REDIR_PROTOCOLS,
                   static_cast<long>(CURLPROTO_HTTP | CURLPROTO_HTTPS));
#endif
}

Outcome transfer_from(const std::string& address, const std::filesystem::path& path,
                      std::int64_t offset, std::int64_t most, const DownloadProgress& progress) {
  const std::unique_ptr<CURL, void (*)(CURL*)> curl(curl_easy_init(), curl_easy_cleanup);
  if (!curl) throw Error(ErrorKind::kUsage, "libcurl could not start a transfer");
  PartFile file(path, /*at_end=*/offset > 0);
  Transfer transfer{&file, offset, most - offset, &progress, nullptr};
  char reason[CURL_ERROR_SIZE] = "";
  restrict_protocols(curl.get());
  curl_easy_setopt(curl.get(), CURLOPT_URL, address.c_str());
  curl_easy_setopt(curl.get(), CURLOPT_USERAGENT, "oubli");
  curl_easy_setopt(curl.get(), CURLOPT_FOLLOWLOCATION, 1L);
  curl_easy_setopt(curl.get(), CURLOPT_FAILONERROR, 1L);
  curl_easy_setopt(curl.get(), CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl.get(), CURLOPT_CONNECTTIMEOUT, 30L);
  curl_easy_setopt(curl.get(), CURLOPT_LOW_SPEED_LIMIT, 100L);  // bytes a second, for a minute
  curl_easy_setopt(curl.get(), CURLOPT_LOW_SPEED_TIME, 60L);
  curl_easy_setopt(curl.get(), CURLOPT_ERRORBUFFER, reason);
  curl_easy_setopt(curl.get(), CURLOPT_RESUME_FROM_LARGE, static_cast<curl_off_t>(offset));
  curl_easy_setopt(curl.get(), CURLOPT_WRITEFUNCTION, write_bytes);
  curl_easy_setopt(curl.get(), CURLOPT_WRITEDATA, &transfer);
  if (progress) {
    curl_easy_setopt(curl.get(), CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(curl.get(), CURLOPT_XFERINFOFUNCTION, report_progress);
    curl_easy_setopt(curl.get(), CURLOPT_XFERINFODATA, &transfer);
  }
  Outcome outcome;
  outcome.code = curl_easy_perform(curl.get());
  curl_easy_getinfo(curl.get(), CURLINFO_RESPONSE_CODE, &outcome.status);
  outcome.reason = reason[0] != '\0' ? reason : curl_easy_strerror(outcome.code);
  if (transfer.thrown) std::rethrow_exception(transfer.thrown);
  file.close();
  outcome.is_too_much = transfer.is_too_much;
  return outcome;
}

bool refuses_parts(const Outcome& outcome) {
  constexpr long kRangeNotSatisfiable = 416;
  return outcome.code == CURLE_RANGE_ERROR || outcome.code == CURLE_BAD_DOWNLOAD_RESUME ||
         outcome.status == kRangeNotSatisfiable;
}

std::int64_t bytes_kept(const std::filesystem::path& path) {
  std::error_code missing;
  const auto size = std::filesystem::file_size(path, missing);
  return missing ? 0 : static_cast<std::int64_t>(size);
}

// "http" of http://..., in lower case; "" where there is none.
std::string scheme_of(const std::string& place) {
  const std::size_t end = place.find("://");
  if (end == std::string::npos || end == 0) return "";
  std::string scheme = place.substr(0, end);
  const auto is_letter = [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '+' || c == '-';
  };
  if (!std::all_of(scheme.begin(), scheme.end(), is_letter)) return "";
  for (char& letter : scheme) {
    letter = static_cast<char>(std::tolower(static_cast<unsigned char>(letter)));
  }
  return scheme;
}

}  // namespace

bool is_address(const std::string& place) {
  const std::string scheme = scheme_of(place);
  if (scheme.empty()) return false;
  if (scheme == "http" || scheme == "https" || scheme == "file") return true;
  throw Error(ErrorKind::kSettings,
              fmt::format("{}: addresses start with http://, https:// or file://.",
                          without_password(place)));
}

std::string without_password(const std::string& address) {
  const std::size_t start = address.find("://");
  if (start == std::string::npos) return address;
  const std::size_t host = start + 3;
  const std::size_t path = std::min(address.find_first_of("/?#", host), address.size());
  const std::size_t at = address.rfind('@', path);
  const std::size_t colon = address.find(':', host);
  if (at == std::string::npos || at < host || colon > at) return address;
  return address.substr(0, colon + 1) + "***" + address.substr(at);
}

bool download(const std::string& address, const std::filesystem::path& path, std::int64_t most,
              const DownloadProgress& progress) {
  start_curl_once();
  const std::int64_t offset = bytes_kept(path);
  Outcome outcome = transfer_from(address, path, offset, most, progress);
  bool continued = offset > 0;
  if (continued && refuses_parts(outcome)) {
    continued = false;
    outcome = transfer_from(address, path, 0, most, progress);
  }
  std::error_code ignored;
  if (outcome.is_too_much) {
    std::filesystem::remove(path, ignored);
    throw Error(ErrorKind::kData,
                fmt::format("{}: it sends more than the {} bytes that the file can have",
                            without_password(address), most));
  }
  if (outcome.code != CURLE_OK) {
    const std::int64_t kept = bytes_kept(path);
    if (kept == 0) std::filesystem::remove(path, ignored);
    throw Error(ErrorKind::kData, fmt::format("{}: {}{}", without_password(address), outcome.reason,
                                              kept > 0 ? fmt::format(" ({} bytes are kept in {})",
                                                                     kept, path.string())
                                                       : ""));
  }
  return continued;
}

}  // namespace oubli
