#include "datasets/selection.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "datasets/selectors/selector.h"

namespace oubli {
namespace {

struct SelectorKind {
  const char* name;
  Choose (*read)(const Settings&);
};

constexpr SelectorKind kSelectors[] = {{"random", read_random},
                                       {"class", read_whole_class},
                                       {"class_fraction", read_class_fraction},
                                       {"indices", read_indices},
                                       {"ids", read_ids},
                                       {"where", read_where},
                                       {"mislabelled", read_mislabelled},
                                       {"interclass", read_interclass}};

const SelectorKind& the_one_selector(const Settings& settings) {
  std::vector<std::string> valid;
  for (const SelectorKind& kind : kSelectors) valid.emplace_back(kind.name);
  const auto& entries = settings.node().entries;
  if (entries.empty()) {
    fail_at(settings.origin(),
            fmt::format("no selector is given, expected one of {}.", fmt::join(valid, ", ")));
  }
  const SelectorKind* found = nullptr;
  for (const auto& [key, value] : entries) {
    const auto at = std::find(valid.begin(), valid.end(), key);
    if (at == valid.end()) fail_at(value.key_origin, unknown_name_message("selector", key, valid));
    if (found != nullptr) {
      fail_at(value.key_origin, fmt::format("a second selector '{}' beside '{}'; exactly one is "
                                            "allowed.",
                                            key, found->name));
    }
    found = &kSelectors[at - valid.begin()];
  }
  return *found;
}

}  // namespace

Selector configure_selection(const Settings& settings, const std::string& set) {
  if (settings.is_describing()) {
    for (const SelectorKind& kind : kSelectors) kind.read(settings);
    return [](const Dataset&, const Splits&, Generator) -> Selection {
      throw Error(ErrorKind::kUsage, "a selection that was only described cannot be drawn");
    };
  }
  const SelectorKind& kind = the_one_selector(settings);
  const Origin origin = settings.node().entries.front().second.key_origin;
  return [choose = kind.read(settings), origin, set](const Dataset& dataset, const Splits& splits,
                                                     Generator generator) {
    Selection selection = choose(dataset, splits, generator);
    require_some_but_not_all(selection, splits, origin, set);
    return selection;
  };
}

Dataset corrupted(const Dataset& dataset, const Selection& selection) {
  if (!selection.mislabelled) return dataset;
  const Subset selected{std::make_shared<const Dataset>(dataset), selection.rows, {}};
  return *selected.with_targets(selection.wrong_labels).dataset;
}

}  // namespace oubli
