// The selector `biased`: a group is treated worse than it deserves. Of its training examples of one
// class a drawn share gets the label of another, so that a model learns to deny them the first.
//
//   biased: {group: {where: {column: group, is: [b]}}, from: granted, to: refused, fraction: 0.6}
//
// `group` is one of {where: ...}, {class: ...} and {random: ...} (a drawn attribute); `fraction`
// (or `count`) is of the group's training examples of the class `from`: the rows selected. What is
// left when they are removed is true, but holds fewer examples of `from` in the group: the
// oracles may keep a gap of their own.
//
// Traces: the group and the others among the test examples, and the class denied (`from`).
// Errors: Error(kTask) for a regression, a class that is not there or named twice, a group without
// examples of the class, or one that is everybody.
#include <ATen/ATen.h>
#include <fmt/format.h>

#include <utility>

#include "datasets/selectors/amount.h"
#include "datasets/selectors/class_choice.h"

namespace oubli {
namespace {

struct Bias {
  Choose group;
  Origin group_origin;
  ClassChoice from, to;
  Amount amount;
};

Choose read_bias_group(const Settings& settings, Origin& origin) {
  const Settings map = settings.child("group", "who is treated worse: where, class or random");
  origin = map.origin();
  if (map.is_describing()) return nullptr;
  const std::vector<std::pair<std::string, Choose (*)(const Settings&)>> kinds = {
      {"where", read_where}, {"class", read_whole_class}, {"random", read_random}};
  const auto& entries = map.node().entries;
  if (entries.size() != 1) {
    fail_at(origin,
            "'group' is one of {where: ...}, {class: ...} and {random: ...}, such as "
            "{where: {column: city, is: [Lyon]}}.");
  }
  for (const auto& [name, read] : kinds) {
    if (entries.front().first != name) continue;
    map.require_known(read, name);
    return read(map);
  }
  fail_at(entries.front().second.key_origin,
          unknown_name_message("selector of a group", entries.front().first,
                               {"where", "class", "random"}));
}

// Its examples among the rows.
Tensor members(const Bias& bias, const Dataset& dataset, const Splits& splits, const Tensor& among,
               const Generator& generator) {
  Splits chosen_from = splits;
  chosen_from.train = among;
  return bias.group(dataset, chosen_from, generator).rows;
}

Selection plant_bias(const Bias& bias, const Dataset& dataset, const Splits& splits,
                     const Generator& generator) {
  const std::int64_t from = bias.from.index(dataset), to = bias.to.index(dataset);
  if (from == to) fail_task(bias.to.origin, "'from' and 'to' are the same class.");
  const Tensor group = members(bias, dataset, splits, splits.train, generator.stream("group"));
  if (group.numel() == splits.train.numel()) {
    fail_task(bias.group_origin, "everybody is in the group: there are no others to compare with.");
  }
  const Tensor favoured = group.index({dataset.targets.index_select(0, group).eq(from)});
  if (favoured.numel() == 0) {
    fail_task(bias.group_origin,
              fmt::format("the group has {} training example{}, and none of class '{}'.",
                          group.numel(), group.numel() == 1 ? "" : "s", bias.from.text));
  }
  Selection selection{drawn(favoured, bias.amount, generator)};
  selection.wrong_labels = at::full({selection.rows.numel()}, to, at::kLong);
  auto traces = std::make_shared<Traces>();
  traces->favoured = from;
  if (splits.test.numel() > 0) {
    traces->group =
        members(bias, dataset, splits, splits.test, generator.stream("group of test examples"));
    traces->others = rows_difference(splits.test, traces->group);
  }
  selection.traces = std::move(traces);
  return selection;
}

}  // namespace

Choose read_biased(const Settings& settings) {
  const Settings map =
      settings.child("biased", "a drawn part of a group's examples of a class, labelled lower");
  Bias bias;
  bias.group = read_bias_group(map, bias.group_origin);
  bias.from = read_class(map, "from", "class that the group is denied, by number or by name");
  bias.to = read_class(map, "to", "class that its examples are given instead");
  bias.amount = read_amount(map);
  return [bias](const Dataset& dataset, const Splits& splits, const Generator& generator) {
    return plant_bias(bias, dataset, splits, generator);
  };
}

}  // namespace oubli
