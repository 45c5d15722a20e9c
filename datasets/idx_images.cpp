#include "datasets/idx_images.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <utility>

#include "core/base/hash.h"
#include "datasets/alterations.h"
#include "datasets/files.h"
#include "datasets/idx.h"
#include "datasets/split.h"

namespace oubli {
namespace {

namespace fs = std::filesystem;

struct Part {
  Tensor images;  // uint8 [n, 1, height, width]
  Tensor labels;  // int64 [n]
};

void check_not_another(const fs::path& labels, const IdxImages& format) {
  if (format.other_labels_md5.empty()) return;
  Hasher hasher(HashAlgorithm::kMd5);
  constexpr std::uint64_t kMost = 1 << 20;  // ten times the labels of those data sets
  hasher.add(read_file(labels, kMost).bytes);
  if (hasher.hex() != format.other_labels_md5) return;
  throw Error(
      ErrorKind::kData,
      fmt::format("{}: this is the data set '{}', but '{}' was asked for. Put the files of "
                  "'{}' into a folder of that name, or try `oubli data fetch {}`.",
                  labels.string(), format.other_name, format.name, format.name, format.name));
}

Part read_part(const fs::path& folder, const std::string& prefix, const IdxImages& format) {
  const fs::path images = plain_or_packed(folder, prefix + "-images-idx3-ubyte");
  const fs::path labels = plain_or_packed(folder, prefix + "-labels-idx1-ubyte");
  Part part{read_idx(images, 3).unsqueeze(1), read_idx(labels, 1)};
  if (part.images.size(0) != part.labels.size(0)) {
    fail_at_byte(labels.string(), 4,
                 fmt::format("{} labels, but {} holds {} images. Take both from one source.",
                             part.labels.size(0), images.string(), part.images.size(0)));
  }
  const auto classes = static_cast<std::int64_t>(format.class_names.size());
  const Tensor wrong = part.labels.ge(classes).nonzero();
  if (wrong.numel() > 0) {
    const auto at = wrong[0].item<std::int64_t>();
    fail_at_byte(labels.string(), idx_header_bytes(1) + at,
                 fmt::format("label {} of example {}, expected 0 to {}.",
                             part.labels[at].item<std::int64_t>(), at, classes - 1));
  }
  part.labels = part.labels.to(at::kLong);
  return part;
}

LoadedData load(const DataFolders& folders, const IdxImages& format,
                const Normalisation& normalisation, const SplitPlan& plan) {
  const fs::path folder = find_data_folder(folders, format.name, {},
                                           {"train-images-idx3-ubyte", "train-labels-idx1-ubyte",
                                            "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"});
  check_not_another(plain_or_packed(folder, "train-labels-idx1-ubyte"), format);
  const Part train = read_part(folder, "train", format);
  const Part test = read_part(folder, "t10k", format);
  if (train.images.sizes().slice(1) != test.images.sizes().slice(1)) {
    throw Error(ErrorKind::kData,
                fmt::format("{}: training images are {} by {}, test images {} by {}; they must "
                            "agree. Take all four files from one source.",
                            folder.string(), train.images.size(2), train.images.size(3),
                            test.images.size(2), test.images.size(3)));
  }
  LoadedData loaded;
  Dataset& dataset = loaded.dataset;
  dataset.name = format.name;
  dataset.inputs = at::cat({train.images, test.images});
  dataset.targets = at::cat({train.labels, test.labels});
  dataset.true_targets = dataset.targets;
  dataset.outputs = static_cast<std::int64_t>(format.class_names.size());
  dataset.class_names = format.class_names;
  normalisation.apply_to(dataset);
  dataset.validate(folder.string());
  loaded.splits = plan.draw(dataset.size(), test.images.size(0));
  return loaded;
}

}  // namespace

DataSource idx_image_source(IdxImages format) {
  DataSource source{format.name, format.summary, {}};
  source.configure = [format = std::move(format)](const Settings& settings) {
    const Normalisation normalisation = read_normalisation(settings, format.normalisation, 1);
    const SplitPlan plan = SplitPlan::with_test_files(settings, 1.0 / 12.0);
    return [format, normalisation, plan](const DataFolders& folders) {
      return load(folders, format, normalisation, plan);
    };
  };
  return with_alterations(std::move(source));
}

}  // namespace oubli
