#include "experiments/engine/plan/edits.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

#include "core/data/drawing.h"
#include "core/data/row_column.h"
#include "datasets/draw.h"
#include "datasets/faults.h"
#include "datasets/language/fact_rows.h"
#include "datasets/selectors/fact_choice.h"
#include "datasets/selectors/selector.h"
#include "experiments/engine/plan/request_list.h"

namespace oubli {
namespace {

constexpr const char* kKnown = "known";

// One request as it is written.
struct WrittenEdit {
  Selector remove, add;
  FactChoice change;
  double known = 1;
  bool removes_nothing = false;  // as is written
  Origin origin, known_origin;
};

// Where the settings of what is added say something that only what is removed can have.
void require_addable(const Settings& add) {
  if (add.has(kKnown)) {
    fail_at(add.origin(kKnown),
            "'known' stands under 'remove': it says which part of bad data is known. All that is "
            "added is known.");
  }
  for (const std::string& corrupts : corrupting_selectors()) {
    if (!add.has(corrupts)) continue;
    fail_at(add.origin(corrupts),
            fmt::format("'{}' spoils examples, to be removed again: it stands under 'remove'. What "
                        "is added is selected by random, class, class_fraction, ids, where or "
                        "indices.",
                        corrupts));
  }
}

// `remove: {indices: []}` of a sequence is a request that somebody made and nobody was found for:
// so workers are told of such a day of a file of requests.
bool lists_no_row(const Settings& remove) {
  const SettingsNode* list = remove.node().find("indices");
  return list != nullptr && list->kind == SettingsNode::Kind::kSequence && list->items.empty() &&
         remove.node().entries.size() == 1;
}

WrittenEdit read_one(const Settings& edit, bool is_one_of_several) {
  WrittenEdit written;
  written.origin = edit.origin();
  if (edit.has("remove")) {
    const Settings remove = edit.child("remove", "the forget set");
    written.removes_nothing = is_one_of_several && lists_no_row(remove);
    if (written.removes_nothing) {
      remove.integers("indices", {{}}, {.doc = "no row"});
    } else {
      written.remove = configure_selection(remove, "forget set", {kKnown});
      written.known_origin = remove.origin(kKnown);
      written.known = read_known_share(remove);
    }
  }
  if (edit.has("add")) {
    require_addable(Settings(*edit.node().find("add")));
    written.add = configure_selection(
        edit.child("add", "points held out of the original's training"), "set of added points");
  }
  if (edit.has("change")) {
    written.change = read_fact_choice(edit.child("change", "facts that become others"), true);
  }
  if (!written.remove && !written.add && !written.change && !written.removes_nothing) {
    for (const auto& [key, value] : edit.node().entries) {
      fail_at(value.key_origin,
              unknown_name_message("key", key, {"remove", "add", "change", "requests"}));
    }
    fail_at(edit.origin(),
            "'edit' asks for nothing: give 'remove', 'add', 'change' or 'requests', such as "
            "`remove: {random: {fraction: 0.1}}`.");
  }
  return written;
}

// What methods are not told of `removed`. The draw is of all that is removed, so that it is the
// same whatever else the edit says.
Tensor unknown_of(const WrittenEdit& edit, const Tensor& removed, const Generator& generator) {
  if (edit.known == 1) return no_rows();
  const std::int64_t told = share_of(edit.known, removed.numel());
  if (told == 0) {
    fail_task(edit.known_origin,
              fmt::format("'known' is {:g}: of {} rows that is none, and a method would be told "
                          "nothing. Raise it, or remove more.",
                          edit.known, removed.numel()));
  }
  Generator draw = generator.stream(kKnown);
  return rows_difference(removed, drawn_rows(removed, told, draw));
}

// Of rows `among`, which are trained on now.
void change(const WrittenEdit& edit, LoadedData& data, const Tensor& among,
            const Generator& generator, DrawnEdit& drawn) {
  const ChosenFacts chosen = edit.change(data.dataset, among, generator);
  const FactRows rows = append_changed_facts(data, among, chosen.facts, chosen.objects);
  drawn.removed.rows = rows_union(drawn.removed.rows, rows.before);
  drawn.added.rows = rows_union(drawn.added.rows, rows.after);
}

// Both chosen from the training split.
DrawnEdit draw_one(const WrittenEdit& edit, LoadedData& data, const Generator& generator) {
  DrawnEdit drawn{{no_rows()}, {no_rows()}};
  if (edit.remove) {
    const Generator own = generator.stream("remove");
    drawn.removed = edit.remove(data.dataset, data.splits, own);
    drawn.unknown = unknown_of(edit, drawn.removed.rows, own);
  }
  if (edit.add) drawn.added = edit.add(data.dataset, data.splits, generator.stream("add"));
  if (at::isin(drawn.removed.rows, drawn.added.rows).any().item<bool>()) {
    fail_at(edit.origin,
            "the same examples are removed and added: an example is either in the "
            "original's training set or not.");
  }
  if (edit.change) {
    const Tensor left =
        rows_difference(data.splits.train, rows_union(drawn.removed.rows, drawn.added.rows));
    change(edit, data, left, generator.stream("change"), drawn);
  }
  return drawn;
}

Selection choose(const Selector& selector, const LoadedData& data, const Tensor& among,
                 const Generator& generator, const char* what, std::size_t number) {
  Splits splits = data.splits;
  splits.train = among;
  try {
    return selector(data.dataset, splits, generator.stream(fmt::format("{} {}", what, number + 1)));
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::kTask) throw;
    throw Error(ErrorKind::kTask, fmt::format("request {}: {}", number + 1, error.what()));
  }
}

// What request `number` removes, and of it what is not told.
void remove(const WrittenEdit& edit, const LoadedData& data, const Tensor& among,
            const Generator& generator, std::size_t number, DrawnEdit& drawn) {
  drawn.removed = choose(edit.remove, data, among, generator, "remove", number);
  drawn.unknown =
      unknown_of(edit, drawn.removed.rows, generator.stream(fmt::format("remove {}", number + 1)));
}

// What is added first, since it is held out from the start; then what is removed, of those that are
// there.
std::vector<DrawnEdit> draw_sequence(const std::vector<WrittenEdit>& edits, LoadedData& data,
                                     const Generator& generator) {
  std::vector<DrawnEdit> drawn(edits.size(), {{no_rows()}, {no_rows()}});
  Tensor members = data.splits.train;
  for (std::size_t k = 0; k < edits.size(); ++k) {
    if (!edits[k].add) continue;
    drawn[k].added = choose(edits[k].add, data, members, generator, "add", k);
    members = rows_difference(members, drawn[k].added.rows);
  }
  std::vector<std::string> faults;
  for (std::size_t k = 0; k < edits.size(); ++k) {
    if (edits[k].remove) {
      try {
        remove(edits[k], data, members, generator, k, drawn[k]);
      } catch (const Error& error) {  // all that cannot be made are told at once
        if (error.kind() != ErrorKind::kTask) throw;
        faults.emplace_back(error.what());
      }
      members = rows_difference(members, drawn[k].removed.rows);
    }
    if (edits[k].change) {
      try {
        change(edits[k], data, members, generator.stream(fmt::format("change {}", k + 1)),
               drawn[k]);
      } catch (const Error& error) {
        if (error.kind() != ErrorKind::kTask) throw;
        faults.push_back(fmt::format("request {}: {}", k + 1, error.what()));
      }
      members = rows_difference(members, drawn[k].removed.rows);
    }
    members = rows_union(members, drawn[k].added.rows);
  }
  if (!faults.empty()) throw Error(ErrorKind::kTask, all_faults(faults));
  return drawn;
}

void read_list(const Settings& root, const SettingsNode& node, Edits& edits) {
  auto written = std::make_shared<std::vector<WrittenEdit>>();
  Json record = Json::array();
  for (const SettingsNode& item : node.items) {
    if (item.kind != SettingsNode::Kind::kMap) {
      fail_at(item.origin, "a request is a map with 'remove', 'add' or both.");
    }
    const Settings settings(item);
    written->push_back(read_one(settings, /*is_one_of_several=*/true));
    settings.finish();
    record.push_back(settings.resolved());
    edits.adds = edits.adds || written->back().add != nullptr || written->back().change != nullptr;
  }
  if (written->empty()) fail_at(node.origin, "'edit' is a list without requests.");
  root.record("edit", record);
  edits.is_sequence = true;
  edits.draw = [written](LoadedData& data, const Generator& generator) {
    return draw_sequence(*written, data, generator);
  };
}

}  // namespace

Tensor no_rows() { return at::empty({0}, at::kLong); }

double read_known_share(const Settings& remove) {
  return remove.real(kKnown, {.default_value = 1,
                              .above = 0,
                              .at_most = 1,
                              .doc = "beside the selector: share of the bad rows that methods are "
                                     "told of; oracles lack all of them"});
}

Edits read_edits(const Settings& root) {
  Edits edits;
  const SettingsNode* node = root.node().find("edit");
  if (node != nullptr && node->kind == SettingsNode::Kind::kSequence) {
    const std::optional<SettingsNode> list = root.raw("edit", "what is removed, added, or both");
    edits.origin = list->origin;
    read_list(root, *list, edits);
  } else {
    const Settings edit = root.child("edit", "what is removed, added, or both; or a list of these");
    edits.origin = edit.origin();
    if (!edit.is_describing()) {  // `oubli describe edit`
      if (edit.has("requests")) {
        for (const char* single : {"remove", "add", "change"}) {
          if (!edit.has(single)) continue;
          edit.fail(single,
                    fmt::format("'{0}' is one edit, and 'requests' are several: write one of them. "
                                "A file drops what it extends by `{0}: null`.",
                                single));
        }
        edits.is_sequence = true;
        edits.draw = read_requests(edit.child("requests", "requests, one after another"));
      } else {
        const auto written = std::make_shared<WrittenEdit>(read_one(edit, false));
        edits.adds = written->add != nullptr || written->change != nullptr;
        edits.draw = [written](LoadedData& data, const Generator& generator) {
          return std::vector<DrawnEdit>{draw_one(*written, data, generator)};
        };
      }
    }
  }
  if (!edits.is_sequence && !root.is_describing()) return edits;
  edits.checkpoints = root.integers(
      "checkpoints", {{}},
      {.at_least = 1,
       .doc = "of a sequence: after how many requests models are held against oracles; the last "
              "one by default"});
  edits.checkpoints_origin = root.origin("checkpoints");
  std::sort(edits.checkpoints.begin(), edits.checkpoints.end());
  const auto twice = std::unique(edits.checkpoints.begin(), edits.checkpoints.end());
  edits.checkpoints.erase(twice, edits.checkpoints.end());
  return edits;
}

}  // namespace oubli
