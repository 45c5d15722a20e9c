#include "datasets/row_file.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <charconv>
#include <fstream>
#include <sstream>

#include "core/base/error.h"

namespace oubli {
namespace {

std::string trimmed(const std::string& text) {
  const std::size_t begin = text.find_first_not_of(" \t\r");
  return begin == std::string::npos
             ? ""
             : text.substr(begin, text.find_last_not_of(" \t\r") - begin + 1);
}

}  // namespace

Tensor read_rows(const std::filesystem::path& path, std::vector<int>* lines) {
  std::ifstream file(path);
  if (!file) {
    throw Error(ErrorKind::kData,
                fmt::format("{}: the file of rows cannot be read. Check the path; a relative one "
                            "starts at the experiment file's folder.",
                            path.string()));
  }
  std::vector<std::int64_t> rows;
  std::string line;
  for (int number = 1; std::getline(file, line); ++number) {
    const std::string text = trimmed(line.substr(0, line.find('#')));
    if (text.empty()) continue;
    std::int64_t row = 0;
    const char* end = text.data() + text.size();
    const auto [stop, failure] = std::from_chars(text.data(), end, row);
    if (failure != std::errc() || stop != end || row < 0) {
      throw Error(ErrorKind::kData,
                  fmt::format("{}:{}: found '{}', expected one row number of 0 or more.",
                              path.string(), number, text));
    }
    rows.push_back(row);
    if (lines != nullptr) lines->push_back(number);
  }
  return at::tensor(rows, at::kLong);
}

void write_rows(const std::filesystem::path& path, const Tensor& rows, const std::string& header) {
  std::ofstream file(path);
  std::istringstream comments(header);
  for (std::string line; std::getline(comments, line);) file << "# " << line << '\n';
  const Tensor dense = rows.to(at::kLong).contiguous();
  const auto* values = dense.const_data_ptr<std::int64_t>();
  for (std::int64_t i = 0; i < dense.numel(); ++i) file << values[i] << '\n';
  file.close();
  if (!file) {
    throw Error(ErrorKind::kData, fmt::format("{}: the file of rows cannot be written. Check that "
                                              "its folder is there and has space.",
                                              path.string()));
  }
}

}  // namespace oubli
