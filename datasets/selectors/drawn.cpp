// Selectors that draw: random, class, class_fraction, mislabelled, interclass.
#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "core/data/drawing.h"
#include "datasets/draw.h"
#include "datasets/selectors/amount.h"
#include "datasets/selectors/class_choice.h"

namespace oubli {
namespace {

constexpr const char* kClassDoc = "number or name of a class";

// Two classes that exchange labels.
std::pair<ClassChoice, ClassChoice> read_two_classes(const Settings& settings) {
  const std::vector<SettingsNode> items =
      settings.sequence("classes", "two classes, by number or by name");
  if (settings.is_describing()) return {};
  const auto is_name = [](const SettingsNode& item) {
    return item.kind == SettingsNode::Kind::kScalar;
  };
  if (items.size() != 2 || !std::all_of(items.begin(), items.end(), is_name)) {
    fail_at(settings.origin("classes"), "'classes' must name two classes, such as [3, 5].");
  }
  settings.record("classes", {items[0].scalar, items[1].scalar});
  return {{items[0].scalar, items[0].origin}, {items[1].scalar, items[1].origin}};
}

Tensor draw_wrong_labels(const Dataset& dataset, const Tensor& rows, const Generator& generator,
                         const Origin& origin) {
  if (!dataset.is_classification() || dataset.outputs < 2) {
    fail_task(origin, fmt::format("'{}' has no two classes to exchange the labels of. "
                                  "Try 'random'.",
                                  dataset.name));
  }
  const Tensor& labels = dataset.true_targets.defined() ? dataset.true_targets : dataset.targets;
  const Tensor truth = labels.index_select(0, rows);
  Generator draw = generator.stream("wrong_labels");
  return other_labels(truth, dataset.outputs, draw);
}

}  // namespace

Choose read_random(const Settings& settings) {
  const Amount amount = read_amount(settings.child("random", "a drawn part of the training split"));
  return [amount](const Dataset&, const Splits& splits, const Generator& generator) {
    return Selection{drawn(splits.train, amount, generator)};
  };
}

Choose read_whole_class(const Settings& settings) {
  const ClassChoice choice = read_class(settings, "class", kClassDoc);
  return [choice](const Dataset& dataset, const Splits& splits, const Generator&) {
    return Selection{choice.rows(dataset, splits)};
  };
}

Choose read_class_fraction(const Settings& settings) {
  const Settings map = settings.child("class_fraction", "a drawn part of one class");
  const ClassChoice choice = read_class(map, "class", kClassDoc);
  const Amount amount = read_amount(map);
  return
      [choice, amount](const Dataset& dataset, const Splits& splits, const Generator& generator) {
        return Selection{drawn(choice.rows(dataset, splits), amount, generator)};
      };
}

Choose read_mislabelled(const Settings& settings) {
  const Origin origin = settings.origin("mislabelled");
  const Amount amount =
      read_amount(settings.child("mislabelled", "a drawn part, trained on with wrong labels"));
  return
      [origin, amount](const Dataset& dataset, const Splits& splits, const Generator& generator) {
        Selection selection{drawn(splits.train, amount, generator)};
        selection.wrong_labels = draw_wrong_labels(dataset, selection.rows, generator, origin);
        return selection;
      };
}

Choose read_interclass(const Settings& settings) {
  const Settings map = settings.child(
      "interclass", "a drawn part of each of two classes, trained on with the other one's label");
  const auto [first, second] = read_two_classes(map);
  const Amount amount = read_amount(map);
  return [first = first, second = second, amount](const Dataset& dataset, const Splits& splits,
                                                  const Generator& generator) {
    const std::int64_t a = first.index(dataset), b = second.index(dataset);
    if (a == b) fail_task(second.origin, "'classes' names the same class twice.");
    const Tensor rows = sorted_rows(
        at::cat({drawn(first.rows(dataset, splits), amount, generator.stream("first class")),
                 drawn(second.rows(dataset, splits), amount, generator.stream("second class"))}));
    return Selection{rows, a + b - dataset.targets.index_select(0, rows)};
  };
}

}  // namespace oubli
