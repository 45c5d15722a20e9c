#include "datasets/unit_length.h"

#include <ATen/ATen.h>

#include <utility>

namespace oubli {
namespace {

void scale(LoadedData& data) {
  const auto all = std::make_shared<const Dataset>(data.dataset);
  const Subset rows{all, at::arange(all->size()), {}};
  const at::ScalarType type = all->inputs.scalar_type() == at::kDouble ? at::kDouble : at::kFloat;
  Tensor inputs = at::empty(all->inputs.sizes(), type);
  constexpr std::int64_t kAtOnce = 4096;
  for (std::int64_t begin = 0; begin < all->size(); begin += kAtOnce) {
    const Tensor batch = rows.batch(begin, kAtOnce, at::kDouble).inputs;
    const Tensor lengths = batch.flatten(1).norm(2, 1);
    std::vector<std::int64_t> shape(static_cast<std::size_t>(batch.dim()), 1);
    shape[0] = batch.size(0);
    const Tensor divisors = at::where(lengths.gt(0), lengths, at::ones_like(lengths));
    inputs.narrow(0, begin, batch.size(0)).copy_(batch / divisors.view(shape));
  }
  data.dataset.inputs = inputs;
  data.dataset.scale = 1;
  data.dataset.mean = {0};
  data.dataset.deviation = {1};
}

}  // namespace

DataSource with_unit_length(DataSource source) {
  source.configure = [configure = std::move(source.configure)](const Settings& settings) {
    const auto load = configure(settings);
    const bool is_asked_for = settings.flag(
        "unit_length", {.default_value = false, .doc = "scale each input to length 1"});
    return [load, is_asked_for](const DataFolders& folders) {
      LoadedData data = load(folders);
      if (is_asked_for) scale(data);
      return data;
    };
  };
  return source;
}

}  // namespace oubli
