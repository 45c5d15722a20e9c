#include "datasets/download.h"

#include <curl/curl.h>
#include <fmt/format.h>

#include <cstdio>
#include <exception>
#include <memory>

#include "core/base/error.h"

namespace oubli {
namespace {

struct Transfer {
  std::FILE* file = nullptr;
  std::int64_t offset = 0;  // bytes of the file that were there before
  const DownloadProgress* progress = nullptr;
  std::exception_ptr thrown;  // by the progress callback; it must not pass through libcurl
};

std::size_t write_bytes(char* bytes, std::size_t size, std::size_t count, void* user) {
  return std::fwrite(bytes, size, count, static_cast<Transfer*>(user)->file) * size;
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
                      std::int64_t offset, const DownloadProgress& progress) {
  const std::unique_ptr<CURL, void (*)(CURL*)> curl(curl_easy_init(), curl_easy_cleanup);
  if (!curl) throw Error(ErrorKind::kUsage, "libcurl could not start a transfer");
  Transfer transfer{std::fopen(path.c_str(), offset > 0 ? "ab" : "wb"), offset, &progress, nullptr};
  if (transfer.file == nullptr) {
    throw Error(
        ErrorKind::kData,
        fmt::format("{}: cannot be written. Check the folder's permissions.", path.string()));
  }
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
  if (std::fclose(transfer.file) != 0 && outcome.code == CURLE_OK) {
    outcome = {CURLE_WRITE_ERROR, outcome.status, ""};
  }
  if (transfer.thrown) std::rethrow_exception(transfer.thrown);
  if (outcome.code == CURLE_WRITE_ERROR) {
    outcome.reason = fmt::format("{} cannot be written; is the disk full?", path.string());
  }
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

}  // namespace

bool is_address(const std::string& place) {
  return place.starts_with("http://") || place.starts_with("https://") ||
         place.starts_with("file://");
}

bool download(const std::string& address, const std::filesystem::path& path,
              const DownloadProgress& progress) {
  start_curl_once();
  const std::int64_t offset = bytes_kept(path);
  Outcome outcome = transfer_from(address, path, offset, progress);
  bool continued = offset > 0;
  if (continued && refuses_parts(outcome)) {
    continued = false;
    outcome = transfer_from(address, path, 0, progress);
  }
  if (outcome.code != CURLE_OK) {
    const std::int64_t kept = bytes_kept(path);
    std::error_code ignored;
    if (kept == 0) std::filesystem::remove(path, ignored);
    throw Error(ErrorKind::kData, fmt::format("{}: {}{}", address, outcome.reason,
                                              kept > 0 ? fmt::format(" ({} bytes are kept in {})",
                                                                     kept, path.string())
                                                       : ""));
  }
  return continued;
}

}  // namespace oubli
