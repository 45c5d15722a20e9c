#include "datasets/selection.h"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <charconv>
#include <filesystem>
#include <numeric>
#include <optional>
#include <utility>

#include "core/data/drawing.h"
#include "datasets/draw.h"
#include "datasets/row_file.h"

namespace oubli {
namespace {

[[noreturn]] void fail_task(const Origin& origin, const std::string& message) {
  const std::string where = origin.text();
  throw Error(ErrorKind::kTask, where.empty() ? message : where + ": " + message);
}

// A share of what there is, or a number of examples.
struct Amount {
  std::optional<double> fraction;
  std::int64_t count = 0;
  Origin origin;

  std::int64_t of(std::int64_t available) const {
    const std::int64_t wanted = fraction ? share_of(*fraction, available) : count;
    if (wanted > available) {
      fail_task(origin, fmt::format("'count' is {}, but there are only {} examples to choose from.",
                                    wanted, available));
    }
    return wanted;
  }
};

Amount read_amount(const Settings& settings) {
  Amount amount;
  const bool has_fraction = settings.has("fraction");
  const bool has_count = settings.has("count");
  if (!settings.is_describing() && has_fraction == has_count) {
    fail_at(settings.origin(), has_fraction
                                   ? "found both 'fraction' and 'count', expected one of them."
                                   : "found neither 'fraction' nor 'count', expected one of "
                                     "them, such as {fraction: 0.1}.");
  }
  if (has_count || settings.is_describing()) {
    amount.origin = settings.origin("count");
    amount.count =
        settings.integer("count", {.at_least = 1, .doc = "examples, or give 'fraction'"});
  }
  if (has_fraction || settings.is_describing()) {
    amount.origin = settings.origin("fraction");
    amount.fraction = settings.real(
        "fraction", {.above = 0, .at_most = 1, .doc = "share of the examples, or give 'count'"});
  }
  return amount;
}

struct ClassChoice {
  std::string text;
  Origin origin;

  // A name goes before a number: classes may be called "10", "20", ...
  std::int64_t index(const Dataset& dataset) const {
    if (!dataset.is_classification()) {
      fail_task(origin, fmt::format("'{}' is a regression: it has no classes. Try 'random'.",
                                    dataset.name));
    }
    const auto& names = dataset.class_names;
    const auto found = std::find(names.begin(), names.end(), text);
    if (found != names.end()) return found - names.begin();
    std::int64_t number = -1;
    const char* end = text.data() + text.size();
    const auto [stop, failure] = std::from_chars(text.data(), end, number);
    if (failure == std::errc() && stop == end) {
      if (number >= 0 && number < dataset.outputs) return number;
      fail_task(origin, fmt::format("class {} is not there: '{}' has classes 0 to {}.", text,
                                    dataset.name, dataset.outputs - 1));
    }
    fail_task(origin, unknown_name_message("class", text, names));
  }

  Tensor rows(const Dataset& dataset, const Splits& splits) const {
    const std::int64_t number = index(dataset);
    const Tensor labels = dataset.targets.index_select(0, splits.train);
    Tensor chosen = splits.train.index({labels.eq(number)});
    if (chosen.numel() == 0) {
      fail_task(origin, fmt::format("the training split of '{}' has no example of class '{}'.",
                                    dataset.name, text));
    }
    return chosen;
  }
};

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

ClassChoice read_class(const Settings& settings) {
  const Origin origin = settings.origin("class");
  return {settings.text("class", {.doc = "number or name of a class"}), origin};
}

Tensor drawn(const Tensor& candidates, const Amount& amount, const Generator& generator) {
  const std::int64_t count = amount.of(candidates.numel());
  Generator draw = generator.stream("forget");
  return sorted_rows(drawn_rows(candidates, count, draw));
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

// Rows that somebody wrote down, and what messages call the place of each, from 1.
struct WrittenRows {
  Tensor rows;
  std::string source;       // a file's name; "" for a list in the settings
  std::vector<int> places;  // lines of the file, or numbers in the list

  std::string at(std::size_t i) const {
    return source.empty() ? fmt::format("number {} of the list: ", places[i])
                          : fmt::format("{}:{}: ", source, places[i]);
  }
};

Tensor listed_rows(const WrittenRows& written, const Dataset& dataset, const Splits& splits,
                   const Origin& origin) {
  const Tensor& rows = written.rows;
  if (written.places.empty()) {
    fail_task(origin, written.source.empty()
                          ? "the forget set is empty: the list holds no row number."
                          : fmt::format("the forget set is empty: {} holds no row number, one a "
                                        "line.",
                                        written.source));
  }
  const auto* values = rows.const_data_ptr<std::int64_t>();
  std::vector<int> seen_at(static_cast<std::size_t>(dataset.size()), 0);
  const Tensor in_train = at::isin(rows, splits.train);
  const auto* trained = in_train.const_data_ptr<bool>();
  for (std::size_t i = 0; i < written.places.size(); ++i) {
    const std::int64_t row = values[i];
    const auto fail = [&](const std::string& message) {
      fail_task(origin, written.at(i) + message);
    };
    if (row >= dataset.size()) {
      fail(fmt::format("row {} is out of range: '{}' has rows 0 to {}.", row, dataset.name,
                       dataset.size() - 1));
    }
    if (!trained[i]) {
      fail(
          fmt::format("row {} is not in the training split, so it was never learnt. Was it chosen "
                      "for another 'split_seed' or other fractions?",
                      row));
    }
    int& first = seen_at[static_cast<std::size_t>(row)];
    if (first != 0) {
      fail(fmt::format("row {} stands in {} {} already.", row,
                       written.source.empty() ? "place" : "line", first));
    }
    first = written.places[i];
  }
  return sorted_rows(rows);
}

// What a selector does once its settings are read.
using Choose = std::function<Selection(const Dataset&, const Splits&, const Generator&)>;

struct SelectorKind {
  const char* name;
  Choose (*read)(const Settings&);
};

Choose read_random(const Settings& settings) {
  const Amount amount = read_amount(settings.child("random", "a drawn part of the training split"));
  return [amount](const Dataset&, const Splits& splits, const Generator& generator) {
    return Selection{drawn(splits.train, amount, generator), false, {}};
  };
}

Choose read_whole_class(const Settings& settings) {
  const ClassChoice choice = read_class(settings);
  return [choice](const Dataset& dataset, const Splits& splits, const Generator&) {
    return Selection{choice.rows(dataset, splits), false, {}};
  };
}

Choose read_class_fraction(const Settings& settings) {
  const Settings map = settings.child("class_fraction", "a drawn part of one class");
  const ClassChoice choice = read_class(map);
  const Amount amount = read_amount(map);
  return
      [choice, amount](const Dataset& dataset, const Splits& splits, const Generator& generator) {
        return Selection{drawn(choice.rows(dataset, splits), amount, generator), false, {}};
      };
}

Choose read_indices(const Settings& settings) {
  const Origin origin = settings.origin("indices");
  const SettingsNode* found = settings.node().find("indices");
  if (found != nullptr && found->kind == SettingsNode::Kind::kSequence) {
    WrittenRows written;
    written.rows = at::tensor(
        settings.integers("indices", {}, {.at_least = 0, .doc = "the rows themselves"}), at::kLong);
    written.places.resize(static_cast<std::size_t>(written.rows.numel()));
    std::iota(written.places.begin(), written.places.end(), 1);
    return [origin, written](const Dataset& dataset, const Splits& splits, const Generator&) {
      return Selection{listed_rows(written, dataset, splits, origin), false, {}};
    };
  }
  const std::filesystem::path named = settings.path(
      "indices", {.doc = "file with one row a line, from this file's folder; or a list of rows"});
  const std::filesystem::path path = settings.folder_of("indices") / named;
  return [origin, path](const Dataset& dataset, const Splits& splits, const Generator&) {
    WrittenRows written;
    written.source = path.string();
    written.rows = read_rows(path, &written.places);
    return Selection{listed_rows(written, dataset, splits, origin), false, {}};
  };
}

Choose read_mislabelled(const Settings& settings) {
  const Origin origin = settings.origin("mislabelled");
  const Amount amount =
      read_amount(settings.child("mislabelled", "a drawn part, trained on with wrong labels"));
  return
      [origin, amount](const Dataset& dataset, const Splits& splits, const Generator& generator) {
        Selection selection{drawn(splits.train, amount, generator), true, {}};
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
    return Selection{rows, true, a + b - dataset.targets.index_select(0, rows)};
  };
}

constexpr SelectorKind kSelectors[] = {{"random", read_random},
                                       {"class", read_whole_class},
                                       {"class_fraction", read_class_fraction},
                                       {"indices", read_indices},
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
    if (selection.rows.numel() == 0) {
      fail_task(origin, fmt::format("the {} is empty. Select at least one training example.", set));
    }
    if (selection.rows.numel() == splits.train.numel()) {
      fail_task(origin, fmt::format("the {} is the whole training split of {} examples: nothing "
                                    "is left to train on. Select fewer.",
                                    set, selection.rows.numel()));
    }
    return selection;
  };
}

Dataset corrupted(const Dataset& dataset, const Selection& selection) {
  if (!selection.mislabelled) return dataset;
  const Subset selected{std::make_shared<const Dataset>(dataset), selection.rows, {}};
  return *selected.with_targets(selection.wrong_labels).dataset;
}

}  // namespace oubli
