// The selectors `facts` and `subjects`, and what changes of facts choose.
#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <unordered_map>

#include "core/data/drawing.h"
#include "datasets/draw.h"
#include "datasets/faults.h"
#include "datasets/language/fact_rows.h"
#include "datasets/language/fact_texts.h"
#include "datasets/selectors/fact_choice.h"
#include "datasets/selectors/ids.h"

namespace oubli {
namespace {

constexpr const char* kOther = "other";

// A line of a file of facts.
struct WrittenFact {
  std::string subject, relation, object;
  std::string where;
};

struct Wanted {
  bool are_subjects = false;
  Origin origin;
  std::optional<Amount> amount;
  std::string relation, to;
  Origin relation_origin, to_origin;
  std::int64_t repeats = 0;  // 0: any
  std::vector<std::string> names;
  IdFile file;
};

std::int32_t level_of(const RowColumn& column, const std::string& text) {
  const auto found = std::find(column.levels.begin(), column.levels.end(), text);
  return found == column.levels.end() ? -1
                                      : static_cast<std::int32_t>(found - column.levels.begin());
}

std::int32_t required_level(const Dataset& dataset, const char* name, const std::string& text,
                            const Origin& origin) {
  const RowColumn& column = dataset.columns.at(name);
  const std::int32_t level = level_of(column, text);
  if (level < 0) fail_task(origin, unknown_name_message(name, text, column.levels));
  return level;
}

Wanted read_wanted(const Settings& parent, bool are_subjects, bool changes) {
  const Settings settings =
      are_subjects ? parent.child("subjects", "all facts of some subjects")
                   : parent.child("facts", "facts, each with all its sentences");
  Wanted wanted;
  wanted.are_subjects = are_subjects;
  wanted.origin = settings.origin();
  const bool has_file = settings.has("file"), has_names = settings.has("names");
  if (are_subjects) {
    wanted.names = settings.texts("names", "subjects by name, or give 'count' or 'fraction'");
  } else {
    wanted.file.origin = settings.origin("file");
    if (has_file || settings.is_describing()) {
      wanted.file.path = settings.path(
          "file", {.doc = "CSV file with columns subject, relation and, of a change, object; or "
                          "give 'count' or 'fraction'"});
    }
    wanted.relation_origin = settings.origin("relation");
    wanted.relation =
        settings.text("relation", {.default_value = "", .doc = "of this relation only"});
  }
  wanted.repeats = settings.integer(
      "repeats",
      {.default_value = 0, .at_least = 0, .doc = "only those that training sees so often; 0: any"});
  if ((!has_file && !has_names) || settings.is_describing()) wanted.amount = read_amount(settings);
  if (changes) {
    wanted.to_origin = settings.origin("to");
    wanted.to = settings.text(
        "to", {.default_value = kOther,
               .doc = "the new object: other, another one of the relation's, drawn; or one by name"});
  }
  return wanted;
}

// Facts that these rows say and that are of the relation and as often as wanted, ascending.
std::vector<std::int64_t> candidates(const Dataset& dataset, const Tensor& train,
                                     const Wanted& wanted) {
  const Tensor& numbers = fact_numbers(dataset);
  const FactIndex index(dataset);
  const std::int32_t relation = wanted.relation.empty()
                                    ? -1
                                    : required_level(dataset, FactColumns::kRelation,
                                                     wanted.relation, wanted.relation_origin);
  const std::vector<double>& repeats = dataset.columns.at(FactColumns::kRepeats).numbers;
  std::set<std::int64_t> found;
  for (std::int64_t i = 0; i < train.numel(); ++i) {
    const std::int64_t row = train.const_data_ptr<std::int64_t>()[i];
    const std::int64_t fact = numbers.const_data_ptr<std::int64_t>()[row];
    if (fact < 0 || (relation >= 0 && index.at(fact).relation != relation)) continue;
    if (wanted.repeats > 0 && repeats[static_cast<std::size_t>(row)] !=
                                  static_cast<double>(wanted.repeats)) {
      continue;
    }
    found.insert(fact);
  }
  return {found.begin(), found.end()};
}

Tensor drawn_of(const std::vector<std::int64_t>& all, const Amount& amount,
                const Generator& generator) {
  const Tensor among = at::tensor(all, at::kLong);
  Generator draw = generator.stream("forget");
  return drawn_rows(among, amount.of(among.numel()), draw);
}

Tensor facts_of_subjects(const Dataset& dataset, const std::vector<std::int64_t>& facts,
                         const Wanted& wanted, const Generator& generator) {
  const FactIndex index(dataset);
  std::set<std::int64_t> subjects;
  for (const std::int64_t fact : facts) subjects.insert(index.at(fact).subject);
  std::vector<std::int64_t> chosen;
  if (wanted.amount) {
    const Tensor drawn = drawn_of({subjects.begin(), subjects.end()}, *wanted.amount, generator);
    chosen.assign(drawn.const_data_ptr<std::int64_t>(),
                  drawn.const_data_ptr<std::int64_t>() + drawn.numel());
  }
  for (const std::string& name : wanted.names) {
    chosen.push_back(required_level(dataset, FactColumns::kSubject, name, wanted.origin));
    if (subjects.contains(chosen.back())) continue;
    fail_task(wanted.origin, fmt::format("training sees no sentence about '{}' now.", name));
  }
  std::vector<std::int64_t> theirs;
  for (const std::int64_t subject : chosen) {
    for (const std::int64_t fact : facts) {
      if (index.at(fact).subject == subject) theirs.push_back(fact);
    }
  }
  return at::tensor(theirs, at::kLong);
}

// The facts of a file, and their new objects where it has them.
ChosenFacts facts_of_file(const Dataset& dataset, const std::vector<std::int64_t>& facts,
                          const Wanted& wanted, bool changes) {
  std::vector<std::string> names = {FactColumns::kSubject, FactColumns::kRelation};
  if (changes && wanted.to == kOther) names.emplace_back(FactColumns::kObject);
  const FactIndex index(dataset);
  std::vector<std::int64_t> numbers;
  ChosenFacts chosen;
  read_named_columns(wanted.file, names, [&](const std::vector<CsvField>& row) {
    const Origin at{wanted.file.path.string(), row[0].line, row[0].column};
    const std::int32_t subject = required_level(dataset, FactColumns::kSubject, row[0].text, at);
    const std::int32_t relation = required_level(dataset, FactColumns::kRelation, row[1].text, at);
    const std::int64_t fact = index.find(subject, relation);
    if (!std::binary_search(facts.begin(), facts.end(), fact)) {
      fail_task(at, fmt::format("training sees no sentence about the {} of '{}' now.", row[1].text,
                                row[0].text));
    }
    if (std::find(numbers.begin(), numbers.end(), fact) != numbers.end()) {
      fail_task(at, "this fact stands in the file twice.");
    }
    numbers.push_back(fact);
    if (row.size() > 2) {
      chosen.objects.push_back(
          required_level(dataset, FactColumns::kObject, row[2].text, at));
    }
  });
  chosen.facts = at::tensor(numbers, at::kLong);
  return chosen;
}

std::int32_t present_object(const Dataset& dataset, const Tensor& numbers, const Tensor& train,
                            std::int64_t fact) {
  const Tensor rows = train.index({numbers.index_select(0, train).eq(fact)});
  return dataset.columns.at(FactColumns::kObject)
      .level_of[static_cast<std::size_t>(rows[0].item<std::int64_t>())];
}

// What each fact becomes.
std::vector<std::int32_t> draw_objects(const Dataset& dataset, const Tensor& train,
                                       const Tensor& facts, const Wanted& wanted,
                                       const Generator& generator) {
  const Tensor& numbers = fact_numbers(dataset);
  const FactIndex index(dataset);
  Generator draw = generator.stream("objects");
  std::vector<std::int32_t> objects;
  for (std::int64_t k = 0; k < facts.numel(); ++k) {
    const std::int64_t fact = facts[k].item<std::int64_t>();
    const std::int32_t relation = index.at(fact).relation;
    std::vector<std::int32_t> all = objects_of_relation(dataset, relation);
    const std::int32_t present = present_object(dataset, numbers, train, fact);
    if (wanted.to != kOther) {
      const std::int32_t level =
          required_level(dataset, FactColumns::kObject, wanted.to, wanted.to_origin);
      if (!std::binary_search(all.begin(), all.end(), level)) {
        fail_task(wanted.to_origin,
                  fmt::format("'{}' is no object of the relation '{}'.", wanted.to,
                              dataset.columns.at(FactColumns::kRelation)
                                  .levels[static_cast<std::size_t>(relation)]));
      }
      objects.push_back(level);
      continue;
    }
    all.erase(std::remove(all.begin(), all.end(), present), all.end());
    if (all.empty()) fail_task(wanted.origin, "a relation has no other object to change to.");
    const std::int64_t place =
        draw.integers(0, static_cast<std::int64_t>(all.size()), {1}).item<std::int64_t>();
    objects.push_back(all[static_cast<std::size_t>(place)]);
  }
  return objects;
}

Choose selector_of(FactChoice choice) {
  return [choice = std::move(choice)](const Dataset& dataset, const Splits& splits,
                                      const Generator& generator) {
    const Tensor facts = choice(dataset, splits.train, generator).facts;
    const Tensor of_rows = fact_numbers(dataset).index_select(0, splits.train);
    return Selection{splits.train.index({at::isin(of_rows, facts)})};
  };
}

FactChoice choice_of(Wanted wanted, bool changes) {
  return [wanted = std::move(wanted), changes](const Dataset& dataset, const Tensor& train,
                                               const Generator& generator) {
    const std::vector<std::int64_t> facts = candidates(dataset, train, wanted);
    ChosenFacts chosen;
    if (wanted.are_subjects) {
      chosen.facts = facts_of_subjects(dataset, facts, wanted, generator);
    } else if (wanted.amount) {
      chosen.facts = drawn_of(facts, *wanted.amount, generator);
    } else {
      chosen = facts_of_file(dataset, facts, wanted, changes);
    }
    if (changes && chosen.objects.empty()) {
      chosen.objects = draw_objects(dataset, train, chosen.facts, wanted, generator);
    }
    return chosen;
  };
}

}  // namespace

FactChoice read_fact_choice(const Settings& settings, bool changes) {
  const bool are_subjects = settings.has("subjects");
  if (settings.is_describing()) {
    read_wanted(settings, false, changes);
    read_wanted(settings, true, changes);
    return {};
  }
  if (are_subjects == settings.has("facts")) {
    fail_at(settings.origin(), "expected one of 'facts' and 'subjects', such as `facts: {count: 10}`.");
  }
  return choice_of(read_wanted(settings, are_subjects, changes), changes);
}

Choose read_facts(const Settings& settings) {
  return selector_of(choice_of(read_wanted(settings, false, false), false));
}

Choose read_subjects(const Settings& settings) {
  return selector_of(choice_of(read_wanted(settings, true, false), false));
}

}  // namespace oubli
