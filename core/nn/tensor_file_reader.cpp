#include <ATen/Functions.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <limits>
#include <unordered_set>

#include "core/base/file.h"
#include "core/base/json.h"
#include "core/base/text.h"
#include "core/nn/tensor_file.h"
#include "core/nn/tensor_types.h"

namespace oubli {
namespace {

static_assert(std::endian::native == std::endian::little, "values are read as they lie");

constexpr std::uint64_t kLengthBytes = 8;
constexpr std::uint64_t kLongestHeader = 100'000'000;  // the limit of the reference reader
constexpr std::size_t kMostDimensions = 64;

struct Entry {
  std::string name;
  at::ScalarType type = at::kFloat;
  std::vector<std::int64_t> shape;
  std::uint64_t begin = 0;  // from the start of the values
  std::uint64_t end = 0;
};

std::uint64_t product_or_max(std::uint64_t a, std::uint64_t b) {
  constexpr std::uint64_t kMax = std::numeric_limits<std::int64_t>::max();
  return a > kMax / b ? kMax : a * b;
}

// Reads bytes at an offset of the file, wherever it lies.
using ReadBytes = std::function<void(std::uint64_t offset, void* bytes, std::size_t count)>;

// The first few of a list.
std::string list_text(const std::vector<std::int64_t>& numbers) {
  constexpr std::size_t kMost = 8;
  const auto last = numbers.begin() + static_cast<std::ptrdiff_t>(std::min(kMost, numbers.size()));
  return fmt::format("{}{}", fmt::join(numbers.begin(), last, ", "),
                     numbers.size() > kMost ? ", ..." : "");
}

class Reader {
 public:
  // `where` names the file in messages.
  Reader(std::string where, std::uint64_t size, ReadBytes read_bytes)
      : where_(std::move(where)), size_(size), read_bytes_(std::move(read_bytes)) {}

  TensorFile read() {
    std::vector<std::string> names;
    const nlohmann::json header = parse_header(read_header(), names);
    TensorFile result;
    std::vector<Entry> entries;
    for (const std::string& name : names) {
      const nlohmann::json& value = header.at(name);
      if (name == kMetadataKey) {
        result.metadata = read_metadata(value);
      } else {
        entries.push_back(read_entry(name, value));
      }
    }
    check_layout(entries);
    for (const Entry& entry : entries) result.tensors.emplace_back(entry.name, read_values(entry));
    return result;
  }

 private:
  [[noreturn]] void fail(std::uint64_t offset, const std::string& message) const {
    throw Error(ErrorKind::kData, fmt::format("{}: at byte {}: {}.", where_, offset, message));
  }
  [[noreturn]] void fail_header(const std::string& message) const { fail(kLengthBytes, message); }

  // PyTorch's own files hold a program (a pickle), in a zip archive or as they are. A pickle's
  // first bytes can begin a header's length too, such as 640, where the file is long enough.
  void refuse_pickle(std::uint64_t first_bytes, bool is_possible_length) const {
    const auto* byte = reinterpret_cast<const unsigned char*>(&first_bytes);
    const bool is_zip = std::memcmp(byte, "PK\x03\x04", 4) == 0;
    const bool is_pickle = byte[0] == 0x80 && byte[1] >= 2 && byte[1] <= 5 && !is_possible_length;
    if (!is_zip && !is_pickle) return;
    const char* chosen = std::getenv("OUBLI_PYTHON");  // of the script that built the program
    const std::string python = chosen != nullptr && *chosen != '\0' ? chosen : "python3";
    const std::string target =
        std::filesystem::path(where_).replace_extension(".safetensors").string();
    throw Error(
        ErrorKind::kData,
        fmt::format(
            "{0}: a PyTorch file, which holds a program and is not run here. Convert it "
            "once where you trust it, with a Python that has torch and safetensors:\n  {2} -c "
            "\"import sys, torch; from safetensors.torch import save_file; w = "
            "torch.load(sys.argv[1], "
            "map_location='cpu', weights_only=False); w = getattr(w, 'state_dict', lambda: "
            "w)(); w = w.get('state_dict', w.get('model_state_dict', w.get('model', w))); "
            "save_file({{k: v.clone().contiguous() for k, v in w.items()}}, sys.argv[2])\" "
            "{0} {1}",
            where_, target, python));
  }

  std::string read_header() {
    if (size_ < kLengthBytes) {
      fail(0, fmt::format("the file has {} bytes, too few for a header's length", size_));
    }
    std::uint64_t length = 0;
    read_bytes_(0, &length, kLengthBytes);
    const bool is_possible = length <= kLongestHeader && length <= size_ - kLengthBytes;
    refuse_pickle(length, is_possible);
    if (!is_possible) {
      fail(0, fmt::format("the header is said to have {} bytes in a file of {}: the file is "
                          "truncated or not a safetensors file",
                          length, size_));
    }
    std::string header(length, '\0');
    read_bytes_(kLengthBytes, header.data(), length);
    data_begin_ = kLengthBytes + length;
    return header;
  }

  // `names` receives the keys in their order: a JSON value that keeps it would look for each key
  // among all before it.
  nlohmann::json parse_header(const std::string& text, std::vector<std::string>& names) {
    using nlohmann::json;
    if (text.empty() || text.front() != '{') fail_header("the header does not begin with '{'");
    std::vector<std::unordered_set<std::string>> keys;
    std::string twice;
    bool too_deep = false;
    const auto watch = [&](int depth, json::parse_event_t event, json& parsed) {
      if (event == json::parse_event_t::object_start) keys.emplace_back();
      if (event == json::parse_event_t::object_end) keys.pop_back();
      if (event == json::parse_event_t::key) {
        const auto& key = parsed.get_ref<const std::string&>();
        if (!keys.back().insert(key).second) twice = key;
        if (keys.size() == 1) names.push_back(key);
      }
      too_deep = too_deep || depth > 8;
      return !too_deep;
    };
    json header;
    try {
      header = json::parse(text, watch);
    } catch (const json::parse_error& error) {
      fail(kLengthBytes + (error.byte > 0 ? error.byte - 1 : 0), "the header is not valid JSON");
    } catch (const json::exception&) {
      fail_header("the header holds a number out of range");
    }
    if (too_deep) fail_header("the header is nested too deeply");
    if (!twice.empty()) fail_header(fmt::format("the header has {} twice", quote(twice)));
    if (!header.is_object()) fail_header("the header is not a JSON object");
    return header;
  }

  std::map<std::string, std::string> read_metadata(const nlohmann::json& value) const {
    if (!value.is_object()) fail_header("the metadata is not a JSON object");
    std::map<std::string, std::string> metadata;
    for (const auto& [key, text] : value.items()) {
      if (!text.is_string()) fail_header(fmt::format("the metadata {} is not text", quote(key)));
      metadata[key] = text.get<std::string>();
    }
    return metadata;
  }

  // A list of whole numbers that fit an int64.
  std::vector<std::int64_t> read_numbers(const std::string& name, const nlohmann::json& value,
                                         const char* field) const {
    const nlohmann::json empty;
    const nlohmann::json& list = value.contains(field) ? value[field] : empty;
    std::vector<std::int64_t> numbers;
    const auto fits = [](const nlohmann::json& number) {
      constexpr std::uint64_t kMax = std::numeric_limits<std::int64_t>::max();
      return number.is_number_unsigned() && number.get<std::uint64_t>() <= kMax;
    };
    if (!list.is_array() || !std::all_of(list.begin(), list.end(), fits)) {
      fail_header(
          fmt::format("tensor {} has no list of whole numbers as '{}'", quote(name), field));
    }
    for (const nlohmann::json& number : list) numbers.push_back(number.get<std::int64_t>());
    return numbers;
  }

  Entry read_entry(const std::string& name, const nlohmann::json& value) const {
    if (!value.is_object()) fail_header(fmt::format("the entry {} is not an object", quote(name)));
    Entry entry;
    entry.name = name;
    entry.type = read_type(name, value);
    entry.shape = read_numbers(name, value, "shape");
    const std::vector<std::int64_t> offsets = read_numbers(name, value, "data_offsets");
    if (offsets.size() != 2 || offsets[0] > offsets[1]) {
      fail_header(fmt::format("tensor {} has the offsets [{}], expected begin and end", quote(name),
                              list_text(offsets)));
    }
    entry.begin = static_cast<std::uint64_t>(offsets[0]);
    entry.end = static_cast<std::uint64_t>(offsets[1]);
    if (entry.end > size_ - data_begin_) {
      fail(size_, fmt::format("the file ends here, but tensor {} ends at byte {}: the file is "
                              "truncated",
                              quote(name), data_begin_ + entry.end));
    }
    check_size(entry);
    return entry;
  }

  at::ScalarType read_type(const std::string& name, const nlohmann::json& value) const {
    const std::string type =
        value.contains("dtype") && value["dtype"].is_string() ? value["dtype"] : nlohmann::json("");
    std::vector<std::string_view> known;
    for (const TensorTypeName& candidate : kTensorTypes) {
      if (candidate.name == type) return candidate.type;
      known.push_back(candidate.name);
    }
    fail_header(fmt::format("tensor {} has the type {}; known types are {}", quote(name),
                            quote(type), fmt::join(known, ", ")));
  }

  void check_size(const Entry& entry) const {
    const std::uint64_t item = c10::elementSize(entry.type);
    std::uint64_t strides = item;  // as if no extent were zero: strides must not overflow either
    std::uint64_t bytes = item;
    for (const std::int64_t extent : entry.shape) {
      strides =
          product_or_max(strides, static_cast<std::uint64_t>(std::max<std::int64_t>(extent, 1)));
      bytes = extent == 0 ? 0 : product_or_max(bytes, static_cast<std::uint64_t>(extent));
    }
    constexpr std::uint64_t kMax = std::numeric_limits<std::int64_t>::max();
    if (strides == kMax || entry.shape.size() > kMostDimensions) {
      fail_header(fmt::format("tensor {} has the impossible shape [{}]", quote(entry.name),
                              list_text(entry.shape)));
    }
    if (bytes != entry.end - entry.begin) {
      fail(data_begin_ + entry.begin,
           fmt::format("tensor {} of shape [{}] needs {} bytes, but its offsets hold {}",
                       quote(entry.name), list_text(entry.shape), bytes, entry.end - entry.begin));
    }
  }

  // Every byte of the values belongs to exactly one tensor.
  void check_layout(const std::vector<Entry>& entries) const {
    std::vector<const Entry*> order;
    order.reserve(entries.size());
    for (const Entry& entry : entries) order.push_back(&entry);
    std::sort(order.begin(), order.end(), [](const Entry* a, const Entry* b) {
      return std::pair(a->begin, a->end) < std::pair(b->begin, b->end);
    });
    std::uint64_t position = 0;
    for (const Entry* entry : order) {
      if (entry->begin != position) {
        fail(data_begin_ + entry->begin,
             fmt::format("tensor {} begins here, but the values before it end at byte {}",
                         quote(entry->name), data_begin_ + position));
      }
      position = entry->end;
    }
    if (data_begin_ + position != size_) {
      fail(data_begin_ + position,
           fmt::format("{} bytes belong to no tensor", size_ - data_begin_ - position));
    }
  }

  Tensor read_values(const Entry& entry) {
    Tensor values = at::empty(entry.shape, at::TensorOptions().dtype(entry.type));
    if (values.nbytes() == 0) return values;
    const std::uint64_t offset = data_begin_ + entry.begin;
    read_bytes_(offset, values.mutable_data_ptr(), values.nbytes());
    if (entry.type == at::kBool) {
      const auto* bytes = static_cast<const unsigned char*>(values.const_data_ptr());
      const auto* wrong =
          std::find_if(bytes, bytes + values.nbytes(), [](unsigned char byte) { return byte > 1; });
      if (wrong != bytes + values.nbytes()) {
        fail(offset + static_cast<std::uint64_t>(wrong - bytes),
             "a truth value is neither 0 nor 1");
      }
    }
    return values;
  }

  std::string where_;
  std::uint64_t size_;
  ReadBytes read_bytes_;
  std::uint64_t data_begin_ = 0;
};

}  // namespace

TensorFile read_tensors(const std::filesystem::path& path) {
  const InputFile file(path);
  return Reader(path.string(), file.size(),
                [&](std::uint64_t offset, void* bytes, std::size_t count) {
                  file.read(offset, bytes, count);
                })
      .read();
}

TensorFile parse_tensors(std::string_view content, const std::string& where) {
  return Reader(where, content.size(),
                [&](std::uint64_t offset, void* bytes, std::size_t count) {
                  std::memcpy(bytes, content.data() + offset, count);
                })
      .read();
}

}  // namespace oubli
