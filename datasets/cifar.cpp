#include "datasets/cifar.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <cstring>
#include <utility>

#include "datasets/alterations.h"
#include "datasets/files.h"
#include "datasets/split.h"

namespace oubli {
namespace {

constexpr std::int64_t kImageBytes = std::int64_t{3} * 32 * 32;

void check_labels(const Tensor& records, const CifarLabels& labels, const std::string& where) {
  const auto classes = static_cast<std::int64_t>(labels.class_names.size());
  const Tensor column = records.select(1, labels.byte);
  const Tensor wrong = column.ge(classes).nonzero();
  if (wrong.numel() == 0) return;
  const auto at = wrong[0].item<std::int64_t>();
  fail_at_byte(where, at * records.size(1) + labels.byte,
               fmt::format("{} label {} of record {}, expected 0 to {}. Is this a file of another "
                           "data set?",
                           labels.name, column[at].item<std::int64_t>(), at, classes - 1));
}

LoadedData load(const DataFolders& folders, const CifarFormat& format, std::size_t chosen_labels,
                const Normalisation& normalisation, const SplitPlan& plan) {
  std::vector<std::string> names;
  for (const auto* files : {&format.train_files, &format.test_files}) {
    for (const CifarFile& file : *files) names.push_back(file.name);
  }
  const auto folder = find_data_folder(folders, format.name, {format.subfolder}, names);
  std::vector<Tensor> images;
  std::vector<Tensor> labels;
  std::int64_t test_rows = 0;
  for (const auto* files : {&format.train_files, &format.test_files}) {
    for (const CifarFile& file : *files) {
      CifarRecords records = read_cifar_file(folder, file, format, chosen_labels);
      if (files == &format.test_files) test_rows += file.records;
      images.push_back(std::move(records.images));
      labels.push_back(std::move(records.labels));
    }
  }
  LoadedData loaded;
  Dataset& dataset = loaded.dataset;
  dataset.name = format.name;
  dataset.inputs = at::cat(images);
  dataset.targets = at::cat(labels);
  dataset.true_targets = dataset.targets;
  dataset.class_names = format.labels[chosen_labels].class_names;
  dataset.outputs = static_cast<std::int64_t>(dataset.class_names.size());
  normalisation.apply_to(dataset);
  dataset.validate(folder.string());
  loaded.splits = plan.draw(dataset.size(), test_rows);
  return loaded;
}

}  // namespace

CifarRecords read_cifar_file(const std::filesystem::path& folder, const CifarFile& file,
                             const CifarFormat& format, std::size_t chosen_labels) {
  const auto path = plain_or_packed(folder, file.name);
  const std::string where = path.string();
  const auto label_bytes = static_cast<std::int64_t>(format.labels.size());
  const std::int64_t record = label_bytes + kImageBytes;
  const auto [bytes, is_whole] = read_file(path, static_cast<std::uint64_t>(file.records * record));
  const auto size = static_cast<std::int64_t>(bytes.size());
  if (size % record != 0) {
    fail_at_byte(where, size - size % record,
                 fmt::format("{} bytes are not a whole number of records of {}: the file is "
                             "truncated or is not the binary version. Fetch it again.",
                             size, record));
  }
  if (size / record != file.records || !is_whole) {
    fail_at_byte(where, size,
                 fmt::format("{} records, expected {}. Fetch the file again.",
                             is_whole ? fmt::to_string(size / record) : "more", file.records));
  }
  Tensor records = at::empty({file.records, record}, at::kByte);
  std::memcpy(records.mutable_data_ptr(), bytes.data(), bytes.size());
  for (const CifarLabels& labels : format.labels) check_labels(records, labels, where);
  return {records.narrow(1, label_bytes, kImageBytes).reshape({file.records, 3, 32, 32}),
          records.select(1, format.labels[chosen_labels].byte).to(at::kLong)};
}

DataSource cifar_source(CifarFormat format) {
  DataSource source{format.name, format.summary, {}};
  source.configure = [format = std::move(format)](const Settings& settings) {
    std::size_t chosen = 0;
    if (format.labels.size() > 1) {
      std::vector<std::string> names;
      for (const CifarLabels& labels : format.labels) names.push_back(labels.name);
      const std::string name = settings.choice(
          "labels",
          {.default_value = names.front(), .valid = names, .doc = "which labels to learn"});
      while (names[chosen] != name) ++chosen;
    }
    const Normalisation normalisation = read_normalisation(settings, format.normalisation, 3);
    const SplitPlan plan = SplitPlan::with_test_files(settings, 0.1);
    return [format, chosen, normalisation, plan](const DataFolders& folders) {
      return load(folders, format, chosen, normalisation, plan);
    };
  };
  return with_alterations(std::move(source));
}

}  // namespace oubli
