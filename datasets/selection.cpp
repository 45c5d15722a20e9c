#include "datasets/selection.h"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "datasets/selectors/selector.h"

namespace oubli {
namespace {

struct SelectorKind {
  const char* name;
  Choose (*read)(const Settings&);
  bool corrupts = false;
};

constexpr SelectorKind kSelectors[] = {{"random", read_random},
                                       {"class", read_whole_class},
                                       {"class_fraction", read_class_fraction},
                                       {"indices", read_indices},
                                       {"ids", read_ids},
                                       {"where", read_where},
                                       {"facts", read_facts},
                                       {"subjects", read_subjects},
                                       {"mislabelled", read_mislabelled, true},
                                       {"interclass", read_interclass, true},
                                       {"backdoor", read_backdoor, true},
                                       {"noisy", read_noisy, true},
                                       {"biased", read_biased, true}};

// And where its key stands.
std::pair<const SelectorKind*, Origin> the_one_selector(const Settings& settings,
                                                        const std::vector<std::string>& beside) {
  std::vector<std::string> valid;
  for (const SelectorKind& kind : kSelectors) valid.emplace_back(kind.name);
  const SelectorKind* found = nullptr;
  Origin origin;
  for (const auto& [key, value] : settings.node().entries) {
    if (std::find(beside.begin(), beside.end(), key) != beside.end()) continue;
    const auto at = std::find(valid.begin(), valid.end(), key);
    if (at == valid.end()) fail_at(value.key_origin, unknown_name_message("selector", key, valid));
    if (found != nullptr) {
      fail_at(value.key_origin, fmt::format("a second selector '{}' beside '{}'; exactly one is "
                                            "allowed.",
                                            key, found->name));
    }
    found = &kSelectors[at - valid.begin()];
    origin = value.key_origin;
  }
  if (found == nullptr) {
    fail_at(settings.origin(),
            fmt::format("no selector is given, expected one of {}.", fmt::join(valid, ", ")));
  }
  return {found, origin};
}

}  // namespace

Selection Selection::part(const Tensor& places) const {
  const auto chosen = [&](const Tensor& all) {
    return all.defined() ? all.index_select(0, places) : all;
  };
  return {chosen(rows), chosen(wrong_labels), chosen(wrong_inputs), traces, {}};
}

const std::vector<std::string>& corrupting_selectors() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> found;
    for (const SelectorKind& kind : kSelectors) {
      if (kind.corrupts) found.emplace_back(kind.name);
    }
    return found;
  }();
  return names;
}

Selector configure_selection(const Settings& settings, const std::string& set,
                             const std::vector<std::string>& beside) {
  if (settings.is_describing()) {
    for (const SelectorKind& kind : kSelectors) kind.read(settings);
    return [](const Dataset&, const Splits&, Generator) -> Selection {
      throw Error(ErrorKind::kUsage, "a selection that was only described cannot be drawn");
    };
  }
  const auto [kind, where] = the_one_selector(settings, beside);
  settings.require_known(kind->read, kind->name);
  return [choose = kind->read(settings), kind = kind, origin = where, set](
             const Dataset& dataset, const Splits& splits, Generator generator) {
    if (kind->corrupts && dataset.is_sequence()) {
      fail_task(origin, fmt::format("'{}' spoils examples with one label or target each, and these "
                                    "are sequences of tokens. What sentences say is changed by "
                                    "`change: {{facts: {{count: 10}}}}` in the place of `remove`.",
                                    kind->name));
    }
    Selection selection = choose(dataset, splits, generator);
    require_some_but_not_all(selection, splits, origin, set);
    return selection;
  };
}

Dataset corrupted(const Dataset& dataset, const Selection& selection) {
  Dataset changed = dataset;
  if (selection.wrong_labels.defined()) {
    const Subset selected{std::make_shared<const Dataset>(dataset), selection.rows, {}};
    changed = *selected.with_targets(selection.wrong_labels).dataset;
  }
  if (selection.wrong_inputs.defined()) {
    changed.inputs = changed.inputs.index_copy(0, selection.rows, selection.wrong_inputs);
  }
  return changed;
}

Tensor append_copies(Dataset& dataset, const Tensor& rows, const Tensor& inputs) {
  const std::int64_t before = dataset.size();
  const Tensor truth = dataset.true_targets.defined() ? dataset.true_targets : dataset.targets;
  const Tensor targets = truth.index_select(0, rows);
  dataset.inputs = at::cat({dataset.inputs, inputs});
  dataset.targets = at::cat({dataset.targets, targets});
  dataset.true_targets = at::cat({truth, targets});
  if (dataset.is_sequence()) dataset.sequences.append_copies(rows);
  if (dataset.first_seen.defined()) {
    dataset.first_seen = at::cat({dataset.first_seen, dataset.first_seen.index_select(0, rows)});
  }
  const auto extend = [&](auto& values) {
    if (values.empty()) return;
    for (std::int64_t i = 0; i < rows.numel(); ++i) {
      values.push_back(values[static_cast<std::size_t>(rows.const_data_ptr<std::int64_t>()[i])]);
    }
  };
  for (auto& [name, column] : dataset.columns) {
    extend(column.numbers);
    extend(column.level_of);
  }
  return at::arange(before, dataset.size());
}

}  // namespace oubli
