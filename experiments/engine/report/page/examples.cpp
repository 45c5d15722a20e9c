#include "experiments/engine/report/page/examples.h"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <png.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "core/base/base64.h"
#include "datasets/language/token_text.h"

namespace oubli {
namespace {

constexpr std::int64_t kMostLookedAt = 2000, kMostShown = 12, kMostValues = 8;

Tensor mean_of(const std::vector<Tensor>& values) { return at::stack(values).mean(0); }

}  // namespace

std::string class_text(const Dataset& data, std::int64_t label) {
  const auto place = static_cast<std::size_t>(label);
  return place < data.class_names.size() ? data.class_names[place] : fmt::to_string(label);
}

std::string target_text(const Dataset& data, const Tensor& targets, std::int64_t row) {
  return data.is_classification()
             ? class_text(data, targets[row].item<std::int64_t>())
             : fmt::format("{:.4g}", targets[row].reshape(-1)[0].item<double>());
}

std::string picture_of(const Dataset& data, std::int64_t row) {
  const std::int64_t channels = data.is_image() ? data.inputs.size(1) : 0;
  if (channels != 1 && channels != 3) return "";
  const Tensor image = data.inputs[row];
  constexpr std::int64_t kDark = 128;  // pixels that stay below, as of the digits from 0 to 16
  Tensor pixels = image;
  if (image.scalar_type() != at::kByte || image.max().item<std::int64_t>() < kDark) {
    const Tensor values = image.to(at::kDouble);
    const Tensor least = values.min(), span = (values.max() - least).clamp_min(1e-12);
    pixels = (255 * (values - least) / span).round().to(at::kByte);
  }
  const bool is_coloured = pixels.size(0) == 3;
  // Rows of pixels, their channels side by side.
  const Tensor rows =
      (is_coloured ? pixels : pixels.narrow(0, 0, 1)).permute({1, 2, 0}).contiguous();
  png_image header{};
  header.version = PNG_IMAGE_VERSION;
  header.width = static_cast<png_uint_32>(rows.size(1));
  header.height = static_cast<png_uint_32>(rows.size(0));
  header.format = is_coloured ? PNG_FORMAT_RGB : PNG_FORMAT_GRAY;
  png_alloc_size_t size = PNG_IMAGE_PNG_SIZE_MAX(header);
  std::string bytes(size, '\0');
  if (png_image_write_to_memory(&header, bytes.data(), &size, 0,
                                rows.const_data_ptr<std::uint8_t>(), 0, nullptr) == 0) {
    return "";
  }
  bytes.resize(size);
  return base64(bytes);
}

ExampleCollector::ExampleCollector(const Experiment& experiment) : dataset_(experiment.dataset) {
  const Subset& edited =
      experiment.task.forget.empty() ? experiment.task.added : experiment.task.forget;
  if (edited.empty()) return;
  rows_ = edited.rows.narrow(0, 0, std::min(edited.size(), kMostLookedAt)).contiguous();
  if (!experiment.task.forget.empty()) added_ = experiment.task.added.rows;
}

std::string ExampleCollector::shown_value() const {
  return dataset_->is_classification() ? "confidence in the label" : "loss";
}

void ExampleCollector::look_at(const std::string& row, std::int64_t training_seed,
                               const Predictions& predictions) {
  if (!rows_.defined()) return;
  const Tensor& values =
      dataset_->is_classification() ? predictions.confidence() : predictions.losses();
  if (seen_.empty() || seen_.back().row != row) seen_.push_back({row, {}});
  if (dataset_->is_sequence()) seen_.back().answers.push_back(predictions.generated(rows_));
  seen_.back().by_seed[training_seed].push_back(values.index_select(0, rows_));
}

Tensor ExampleCollector::value_of(const std::string& row) const {
  for (const Seen& seen : seen_) {
    if (seen.row != row) continue;
    std::vector<Tensor> seeds;
    for (const auto& [seed, models] : seen.by_seed) seeds.push_back(mean_of(models));
    return mean_of(seeds);
  }
  return {};
}

// The sentence up to its answer, the answer, and what models say in its place.
void ExampleCollector::tell_sequence(std::int64_t position, ShownExample& shown) const {
  const Sequences& sequences = dataset_->sequences;
  const auto answer_of = [&](std::int64_t row) {
    return token_text(*dataset_, sequences.answer(row));
  };
  const auto begin = sequences.answer_begin[shown.row].item<std::int64_t>();
  shown.prompt = token_text(*dataset_, sequences.next[shown.row].narrow(0, 0, begin));
  shown.label = answer_of(shown.row);
  shown.true_label.clear();
  if (added_.defined() && added_.numel() > 0) {
    const Tensor same =
        sequences.fact.index_select(0, added_).eq(sequences.fact[shown.row]).nonzero();
    if (same.numel() > 0) {
      shown.wanted = answer_of(added_[same[0][0].item<std::int64_t>()].item<std::int64_t>());
    }
  }
  for (const Seen& seen : seen_) {
    std::map<std::string, std::size_t> times;
    for (const Tensor& answers : seen.answers) {
      ++times[token_text(*dataset_, answers[position])];
    }
    const auto most =
        std::max_element(times.begin(), times.end(),
                         [](const auto& a, const auto& b) { return a.second < b.second; });
    if (most == times.end()) continue;
    shown.answers.emplace_back(seen.row, seen.answers.size() == 1
                                             ? most->first
                                             : fmt::format("{} ({} of {})", most->first,
                                                           most->second, seen.answers.size()));
  }
}

ShownExample ExampleCollector::example(std::int64_t position) const {
  const auto row = rows_[position].item<std::int64_t>();
  ShownExample shown{.row = row, .label = target_text(*dataset_, dataset_->targets, row)};
  if (dataset_->true_targets.defined())
    shown.true_label = target_text(*dataset_, dataset_->true_targets, row);
  shown.picture = picture_of(*dataset_, row);
  if (dataset_->is_sequence()) {
    tell_sequence(position, shown);
  } else if (dataset_->inputs.dim() == 2) {
    const std::int64_t count = std::min(dataset_->inputs.size(1), kMostValues);
    for (std::int64_t f = 0; f < count; ++f) {
      const auto place = static_cast<std::size_t>(f);
      const std::string name = place < dataset_->feature_names.size()
                                   ? dataset_->feature_names[place]
                                   : fmt::format("input {}", f + 1);
      shown.values.emplace_back(name,
                                fmt::format("{:.4g}", dataset_->inputs[row][f].item<double>()));
    }
  }
  for (const Seen& seen : seen_) {
    std::vector<double> seeds;
    for (const auto& [seed, models] : seen.by_seed)
      seeds.push_back(mean_of(models)[position].item<double>());
    if (std::all_of(seeds.begin(), seeds.end(), [](double v) { return std::isfinite(v); }))
      shown.rows.emplace_back(seen.row, estimate_mean(seeds));
  }
  return shown;
}

std::vector<ShownExample> ExampleCollector::finished() && {
  std::vector<ShownExample> shown;
  const Tensor original = value_of(kOriginalRow), oracles = value_of(kNoiseFloor);
  if (!original.defined() || !oracles.defined()) return shown;
  const Tensor order =
      (original - oracles).abs().nan_to_num(-1).argsort(/*dim=*/0, /*descending=*/true);
  // Of sentences that say one fact, one.
  std::set<std::int64_t> facts;
  const auto is_told = [&](std::int64_t position) {
    if (!dataset_->is_sequence()) return false;
    const auto fact =
        dataset_->sequences.fact[rows_[position].item<std::int64_t>()].item<std::int64_t>();
    return fact >= 0 && !facts.insert(fact).second;
  };
  for (std::int64_t i = 0; i < order.numel() && std::ssize(shown) < kMostShown; ++i) {
    const auto position = order[i].item<std::int64_t>();
    if (!is_told(position)) shown.push_back(example(position));
  }
  return shown;
}

}  // namespace oubli
