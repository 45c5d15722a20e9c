#include "datasets/array_file.h"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <unordered_map>
#include <utility>

#include "core/base/error.h"
#include "core/base/text.h"

namespace oubli {
namespace {

// float64 holds whole numbers up to here.
constexpr std::int64_t kLargestExact = std::int64_t{1} << 53;

bool is_whole_type(const Tensor& tensor) {
  return at::isIntegralType(tensor.scalar_type(), /*includeBool=*/true);
}

// The narrowest type of a data set that holds every value.
Tensor as_data(const Tensor& found) {
  switch (found.scalar_type()) {
    case at::kByte:
    case at::kFloat:
    case at::kDouble:
      return found;
    case at::kInt:
    case at::kLong:
      return found.to(at::kDouble);
    default:
      return found.to(at::kFloat);
  }
}

// Where any of the flags is set: how many, and the first example.
std::string places_text(const Tensor& flags) {
  const Tensor places = flags.reshape({flags.size(0), -1}).any(1).nonzero();
  return fmt::format("of {} example{}, the first of them {}", places.size(0),
                     places.size(0) == 1 ? "" : "s", places[0].item<std::int64_t>());
}

}  // namespace

std::string array_text(const Tensor& tensor) {
  const auto type = [&]() -> std::string {
    switch (tensor.scalar_type()) {
      case at::kByte:
        return "uint8";
      case at::kChar:
        return "int8";
      case at::kShort:
        return "int16";
      case at::kInt:
        return "int32";
      case at::kLong:
        return "int64";
      case at::kHalf:
        return "float16";
      case at::kBFloat16:
        return "bfloat16";
      case at::kFloat:
        return "float32";
      case at::kDouble:
        return "float64";
      default:
        return "bool";
    }
  };
  return fmt::format("{} [{}]", type(), fmt::join(tensor.sizes(), ", "));
}

ArrayFile::ArrayFile(const std::filesystem::path& path) : where_(path.string()) {
  for (auto& [name, tensor] : read_tensors(path).tensors) {
    tensors_.emplace(name, std::move(tensor));
  }
}

void ArrayFile::note(const std::string& name, const std::string& fault) {
  faults_.push_back(fmt::format("{}: {}", printable(name), fault));
}

void ArrayFile::throw_noted() const {
  if (faults_.empty()) return;
  std::string text = fmt::format("{}: {}", where_, fmt::join(faults_, "\n" + where_ + ": "));
  if (lacks_any_) {
    std::vector<std::string> found;
    for (const auto& [name, tensor] : tensors_) {
      found.push_back(fmt::format("{} {}", printable(name), array_text(tensor)));
    }
    text += fmt::format("\nThe file holds {}.", found.empty() ? "no tensor" : listed(found));
  }
  throw Error(ErrorKind::kData, text);
}

Tensor ArrayFile::find(const std::string& name, const std::string& named_by) {
  const auto found = tensors_.find(name);
  if (found != tensors_.end()) return found->second;
  lacks_any_ = true;
  note(name, fmt::format("there is no tensor of this name; `{}` names it.", named_by));
  return {};
}

void ArrayFile::note_where_not_finite(const std::string& name, const Tensor& values) {
  if (!at::isFloatingType(values.scalar_type())) return;
  const Tensor bad = at::isfinite(values).logical_not();
  if (!bad.any().item<bool>()) return;
  note(name, "values that are no finite numbers, " + places_text(bad) + ".");
}

Tensor ArrayFile::inputs(const std::string& name, const std::string& named_by) {
  const Tensor found = find(name, named_by);
  if (!found.defined()) return {};
  if (found.dim() < 2) {
    note(name, fmt::format("{} found, expected [examples, features] or [examples, channels, "
                           "height, width]; where an example is one number: x.reshape(-1, 1).",
                           array_text(found)));
    return {};
  }
  if (found.dim() == 3 && found.scalar_type() == at::kByte) {
    note(name, fmt::format("{} found; images are [examples, channels, height, width]: x[:, None] "
                           "for grey ones.",
                           array_text(found)));
    return {};
  }
  if (found.numel() == 0) {
    note(name, fmt::format("{} found: there is no example.", array_text(found)));
    return {};
  }
  note_where_not_finite(name, found);
  return as_data(found);
}

Tensor ArrayFile::classes(const std::string& name, const Tensor& found) {
  if (found.dim() != 1) {
    note(name, fmt::format("{} found; classes are [examples]: y.flatten() where there is one "
                           "column, y.argmax(1) of one column a class; `task: regression` reads "
                           "numbers.",
                           array_text(found)));
    return {};
  }
  const Tensor labels = found.to(at::kLong);
  if (!is_whole_type(found) && !labels.to(found.scalar_type()).equal(found)) {
    note(name, "labels that are no whole numbers, " +
                   places_text(labels.to(found.scalar_type()).ne(found)) + ".");
    return {};
  }
  if (const Tensor wrong = labels.lt(0); wrong.any().item<bool>()) {
    note(name, fmt::format("labels below 0, {}; classes are 0, 1, 2, ...: (y + 1) // 2 of labels "
                           "-1 and 1.",
                           places_text(wrong)));
    return {};
  }
  return labels;
}

Tensor ArrayFile::targets(const std::string& name, const std::string& named_by, std::int64_t count,
                          const std::string& task) {
  const Tensor found = find(name, named_by);
  if (!found.defined()) return {};
  if (count >= 0 && (found.dim() == 0 || found.size(0) != count)) {
    note(name, fmt::format("{} found, but there are {} examples.", array_text(found), count));
    return {};
  }
  const bool is_whole = is_whole_type(found);
  if (found.dim() == 0 || found.dim() > 2 || found.numel() == 0) {
    note(name, fmt::format("{} found, expected [examples]{}.", array_text(found),
                           is_whole ? "" : " or [examples, outputs]"));
    return {};
  }
  note_where_not_finite(name, found);
  if (task == "classification" || (task == "auto" && is_whole)) return classes(name, found);
  const Tensor numbers =
      is_whole || found.scalar_type() == at::kDouble ? found.to(at::kDouble) : found.to(at::kFloat);
  return numbers.dim() == 1 ? numbers.unsqueeze(1) : numbers;
}

RowColumn ArrayFile::column(const std::string& name, const std::string& named_by,
                            std::int64_t count, bool names_rows) {
  RowColumn column;
  const Tensor found = find(name, named_by);
  if (!found.defined()) return column;
  if (found.dim() != 1 || (count >= 0 && found.size(0) != count)) {
    note(name, fmt::format("{} found, expected [{}], one number an example.", array_text(found),
                           count >= 0 ? fmt::to_string(count) : "examples"));
    return column;
  }
  if (names_rows && !is_whole_type(found)) {
    note(name, fmt::format("{} found; ids are whole numbers.", array_text(found)));
    return column;
  }
  if (!names_rows && is_whole_type(found) && found.numel() > 0 &&
      found.to(at::kLong).ge(kLargestExact).any().item<bool>()) {
    note(name,
         "numbers above 2^53, which are not told apart; `id` takes whole numbers of any "
         "size.");
    return column;
  }
  if (!names_rows) {
    const Tensor values = found.to(at::kDouble).contiguous();
    const auto* first = values.const_data_ptr<double>();
    column.numbers.assign(first, first + values.numel());
    return column;
  }
  const Tensor values = found.to(at::kLong).contiguous();
  std::unordered_map<std::int64_t, std::int32_t> level_of;
  for (std::int64_t i = 0; i < values.numel(); ++i) {
    const std::int64_t id = values.const_data_ptr<std::int64_t>()[i];
    const auto next = static_cast<std::int32_t>(column.levels.size());
    const auto [level, is_new] = level_of.emplace(id, next);
    if (is_new) column.levels.push_back(fmt::to_string(id));
    column.level_of.push_back(level->second);
  }
  return column;
}

}  // namespace oubli
