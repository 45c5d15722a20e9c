#include "datasets/row_file.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <sstream>

#include "core/base/file.h"
#include "core/base/number_text.h"
#include "core/base/text.h"
#include "datasets/faults.h"

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
  constexpr std::uint64_t kMost = 1 << 28;
  std::istringstream text(read_text_file(path, ErrorKind::kData, kMost));
  std::vector<std::int64_t> rows;
  std::vector<std::string> faults;
  std::string line;
  for (int number = 1; std::getline(text, line); ++number) {
    const std::string word = trimmed(line.substr(0, line.find('#')));
    if (word.empty()) continue;
    const std::int64_t row = number_in<std::int64_t>(word).value_or(-1);
    if (row < 0) {
      faults.push_back(fmt::format("{}:{}: found {}, expected one row number of 0 or more.",
                                   path.string(), number, quote(word)));
    }
    rows.push_back(row);
    if (lines != nullptr) lines->push_back(number);
  }
  if (!faults.empty()) throw Error(ErrorKind::kData, all_faults(faults));
  return at::tensor(rows, at::kLong);
}

void write_rows(const std::filesystem::path& path, const Tensor& rows, const std::string& header) {
  std::string text;
  std::istringstream comments(header);
  for (std::string line; std::getline(comments, line);) text += "# " + line + "\n";
  const Tensor dense = rows.to(at::kLong).contiguous();
  const auto* values = dense.const_data_ptr<std::int64_t>();
  for (std::int64_t i = 0; i < dense.numel(); ++i) text += fmt::format("{}\n", values[i]);
  write_file(path, text);
}

}  // namespace oubli
