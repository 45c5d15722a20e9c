#include "datasets/chosen_classes.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "core/base/text.h"

namespace oubli {
namespace {

struct ChosenClasses {
  std::vector<std::string> names;
  Origin origin;
};

// From an old class to a new one; -1 for one that is not chosen.
Tensor places_of(const ChosenClasses& chosen, const Dataset& dataset) {
  Tensor places = at::full({dataset.outputs}, -1, at::kLong);
  for (std::size_t k = 0; k < chosen.names.size(); ++k) {
    const auto& all = dataset.class_names;
    const auto found = std::find(all.begin(), all.end(), chosen.names[k]);
    if (found == all.end()) {
      fail_at(chosen.origin, unknown_name_message("class", chosen.names[k], all));
    }
    places[found - all.begin()] = static_cast<std::int64_t>(k);
  }
  return places;
}

// Rows of other classes keep their place as class 0, in no split.
void choose(const ChosenClasses& chosen, LoadedData& data) {
  Dataset& dataset = data.dataset;
  const Tensor places = places_of(chosen, dataset);
  const Tensor labels = places.index_select(0, dataset.targets);
  const Tensor is_kept = labels.ge(0);
  const auto kept = [&](const Tensor& rows) {
    return rows.defined() ? rows.masked_select(is_kept.index_select(0, rows)) : rows;
  };
  data.splits = {kept(data.splits.train), kept(data.splits.validation), kept(data.splits.test)};
  data.held_out = kept(data.held_out);
  dataset.targets = labels.clamp_min(0);
  dataset.true_targets = dataset.targets;
  dataset.outputs = static_cast<std::int64_t>(chosen.names.size());
  dataset.class_names = chosen.names;
}

}  // namespace

DataSource with_classes(DataSource source) {
  source.configure = [configure = std::move(source.configure)](const Settings& settings) {
    const auto load = configure(settings);
    const ChosenClasses chosen{
        settings.texts("classes", "names of the classes that are kept; all of them without"),
        settings.origin("classes")};
    if (chosen.names.size() == 1) {
      settings.fail("classes", "one class leaves nothing to tell apart: name two or more.");
    }
    return [load, chosen](const DataFolders& folders) {
      LoadedData data = load(folders);
      if (!chosen.names.empty()) choose(chosen, data);
      return data;
    };
  };
  return source;
}

}  // namespace oubli
