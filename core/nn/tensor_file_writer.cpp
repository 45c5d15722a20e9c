#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <numeric>
#include <set>

#include "core/base/file.h"
#include "core/base/json.h"
#include "core/nn/tensor_file.h"
#include "core/nn/tensor_types.h"

namespace oubli {
namespace {

static_assert(std::endian::native == std::endian::little, "values are written as they lie");

std::string_view type_name(const std::string& tensor, at::ScalarType type) {
  for (const TensorTypeName& known : kTensorTypes) {
    if (known.type == type) return known.name;
  }
  throw Error(ErrorKind::kUsage, fmt::format("tensor '{}' has the type {}, which tensor files do "
                                             "not hold",
                                             tensor, at::toString(type)));
}

// Writes to a file and turns every failure into an error, that of closing included: some file
// systems report a full disk only then.
class CheckedFile {
 public:
  explicit CheckedFile(const std::filesystem::path& path)
      : path_(path), file_(std::fopen(path.c_str(), "wb")) {
    if (file_ == nullptr) fail();
  }
  ~CheckedFile() {
    if (file_ != nullptr) std::fclose(file_);
  }
  CheckedFile(const CheckedFile&) = delete;
  CheckedFile& operator=(const CheckedFile&) = delete;

  void write(const void* bytes, std::size_t count) {
    if (count > 0 && std::fwrite(bytes, 1, count, file_) != count) fail();
  }
  void close() {
    if (std::fflush(file_) != 0) fail();
    if (std::fclose(std::exchange(file_, nullptr)) != 0) fail();
  }

 private:
  [[noreturn]] void fail() const {
    throw FileError(ErrorKind::kStore, path_, "cannot be written", errno);
  }

  std::filesystem::path path_;
  std::FILE* file_;
};

struct Layout {
  std::string header;
  std::vector<Tensor> values;  // dense, in the order they are written
};

Layout lay_out(const TensorFile& file) {
  const std::size_t count = file.tensors.size();
  std::vector<std::size_t> order(count);
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&file](std::size_t a, std::size_t b) {
    return file.tensors[a].second.element_size() > file.tensors[b].second.element_size();
  });
  Layout layout;
  std::vector<std::size_t> begin(count);
  std::size_t offset = 0;
  for (const std::size_t i : order) {
    layout.values.push_back(file.tensors[i].second.detach().cpu().contiguous());
    begin[i] = offset;
    offset += layout.values.back().nbytes();
  }

  Json header = Json::object();
  if (!file.metadata.empty()) header[std::string(kMetadataKey)] = file.metadata;
  std::set<std::string_view> names = {kMetadataKey};
  for (std::size_t i = 0; i < count; ++i) {
    const auto& [name, tensor] = file.tensors[i];
    if (!names.insert(name).second) {
      throw Error(ErrorKind::kUsage,
                  fmt::format("a tensor file cannot hold another tensor named '{}'", name));
    }
    header[name] = {{"dtype", type_name(name, tensor.scalar_type())},
                    {"shape", tensor.sizes().vec()},
                    {"data_offsets", {begin[i], begin[i] + tensor.nbytes()}}};
  }
  try {
    layout.header = header.dump();
  } catch (const Json::exception&) {
    throw Error(ErrorKind::kUsage, "names and metadata of a tensor file must be UTF-8");
  }
  layout.header.resize((layout.header.size() + 7) / 8 * 8, ' ');
  return layout;
}

}  // namespace

void write_tensors(const std::filesystem::path& path, const TensorFile& file) {
  for (const auto& [name, tensor] : file.tensors) {
    if (!tensor.defined()) {
      throw Error(ErrorKind::kUsage, fmt::format("tensor '{}' is undefined", name));
    }
  }
  const Layout layout = lay_out(file);
  CheckedFile out(path);
  const std::uint64_t length = layout.header.size();
  out.write(&length, sizeof(length));
  out.write(layout.header.data(), layout.header.size());
  for (const Tensor& values : layout.values) out.write(values.const_data_ptr(), values.nbytes());
  out.close();
}

}  // namespace oubli
