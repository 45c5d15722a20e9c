// The selectors `facts` and `subjects`, and what changes of facts choose.
#include <ATen/ATen.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "core/base/text.h"
#include "core/data/drawing.h"
#include "datasets/draw.h"
#include "datasets/language/fact_rows.h"
#include "datasets/language/fact_texts.h"
#include "datasets/selectors/fact_choice.h"
#include "datasets/selectors/listed_facts.h"
#include "datasets/selectors/wanted_facts.h"

namespace oubli {
namespace {

// Which facts of these rows have this number in the column: of each row whether it is of one.
// Error(kTask) where none has; `message` has a place for what was wanted and one for what there is.
Tensor rows_with_number(const Dataset& dataset, const Tensor& train, const char* name,
                        double wanted, const Origin& origin, const char* message) {
  const Tensor of_fact = fact_numbers(dataset).index_select(0, train).ge(0);
  const auto column = dataset.columns.find(name);
  const Tensor numbers = column == dataset.columns.end()
                             ? at::zeros({train.numel()}, at::kDouble)  // the same of all
                             : at::tensor(column->second.numbers).index_select(0, train);
  const Tensor found = of_fact & numbers.eq(wanted);
  if (!found.any().item<bool>()) {
    const auto there =
        as_vector<double>(std::get<0>(at::_unique(numbers.index({of_fact}), /*sorted=*/true)));
    fail_task(origin, fmt::format(fmt::runtime(message), wanted, fmt::join(there, ", ")));
  }
  return found;
}

// Those of the facts that have the relation and the object that are wanted.
std::set<std::int64_t> facts_with(const Dataset& dataset, const Tensor& train,
                                  const FactIndex& index, const std::set<std::int64_t>& facts,
                                  const WantedFacts& wanted) {
  const auto level = [&](const char* name, const std::string& text, const Origin& origin) {
    return text.empty() ? -1 : required_level(dataset, name, text, origin);
  };
  const std::int32_t relation =
      level(FactColumns::kRelation, wanted.relation, wanted.relation_origin);
  const std::int32_t object = level(FactColumns::kObject, wanted.object, wanted.object_origin);
  const std::vector<std::int32_t> said =
      object < 0 ? std::vector<std::int32_t>() : present_objects(dataset, train);
  std::set<std::int64_t> found;
  for (const std::int64_t fact : facts) {
    if (relation >= 0 && index.at(fact).relation != relation) continue;
    if (object < 0 || said[static_cast<std::size_t>(fact)] == object) found.insert(fact);
  }
  if (object >= 0 && found.empty()) {
    fail_task(wanted.object_origin,
              fmt::format("training says {} of nothing{} now.", quote(wanted.object),
                          relation < 0 ? "" : fmt::format(" as '{}'", wanted.relation)));
  }
  return found;
}

// Facts that these rows say and that are as wanted, or of subjects of whom such are said;
// ascending.
std::vector<std::int64_t> facts_like(const Dataset& dataset, const Tensor& train,
                                     const WantedFacts& wanted) {
  Tensor rows = train;
  const auto keep = [&](const char* name, double number, const Origin& origin,
                        const char* message) {
    rows = rows.index({rows_with_number(dataset, rows, name, number, origin, message)});
  };
  if (wanted.repeats > 0) {
    keep(FactColumns::kRepeats, static_cast<double>(wanted.repeats), wanted.repeats_origin,
         "training sees no fact {} times; it sees them {} times.");
  }
  if (wanted.first_seen) {
    keep(FactColumns::kFirstSeen, *wanted.first_seen, wanted.first_seen_origin,
         "training sees no fact first when {} of it is over; it sees them at {}.");
  }
  std::set<std::int64_t> facts;
  for (const std::int64_t fact :
       as_vector<std::int64_t>(fact_numbers(dataset).index_select(0, rows))) {
    if (fact >= 0) facts.insert(fact);
  }
  const FactIndex index(dataset);
  std::set<std::int64_t> found = facts_with(dataset, train, index, facts, wanted);
  if (wanted.are_subjects) {
    std::set<std::int32_t> subjects;
    for (const std::int64_t fact : found) subjects.insert(index.at(fact).subject);
    std::erase_if(facts,
                  [&](std::int64_t fact) { return !subjects.contains(index.at(fact).subject); });
    found = std::move(facts);
  }
  return {found.begin(), found.end()};
}

// All of them in a drawn order where there is no amount.
Tensor drawn_of(const std::vector<std::int64_t>& all, const std::optional<Amount>& amount,
                const char* what, const Generator& generator) {
  const Tensor among = at::tensor(all, at::kLong);
  Generator draw = generator.stream("forget");
  return drawn_rows(among, amount ? amount->of(among.numel(), what) : among.numel(), draw);
}

// The subjects that are named, of those that there are facts of.
std::vector<std::int64_t> named_subjects(const Dataset& dataset,
                                         const std::set<std::int64_t>& there,
                                         const WantedFacts& wanted) {
  std::vector<std::int64_t> chosen;
  for (const std::string& name : wanted.names) {
    const std::int64_t subject =
        required_level(dataset, FactColumns::kSubject, name, wanted.names_origin);
    if (!there.contains(subject)) {
      fail_task(wanted.names_origin,
                fmt::format("training sees no such sentence about {} now.", quote(name)));
    }
    if (std::find(chosen.begin(), chosen.end(), subject) != chosen.end()) {
      fail_task(wanted.names_origin, fmt::format("{} is named twice.", quote(name)));
    }
    chosen.push_back(subject);
  }
  return chosen;
}

Tensor facts_of_subjects(const Dataset& dataset, const std::vector<std::int64_t>& facts,
                         const WantedFacts& wanted, const Generator& generator) {
  const FactIndex index(dataset);
  std::map<std::int64_t, std::vector<std::int64_t>> facts_of;
  std::set<std::int64_t> subjects;
  for (const std::int64_t fact : facts) {
    subjects.insert(index.at(fact).subject);
    facts_of[index.at(fact).subject].push_back(fact);
  }
  std::vector<std::int64_t> chosen;
  if (wanted.names.empty()) {
    chosen = as_vector<std::int64_t>(
        drawn_of({subjects.begin(), subjects.end()}, wanted.amount, "subjects", generator));
  } else {
    chosen = named_subjects(dataset, subjects, wanted);
  }
  std::vector<std::int64_t> theirs;
  for (const std::int64_t subject : chosen) {
    theirs.insert(theirs.end(), facts_of.at(subject).begin(), facts_of.at(subject).end());
  }
  return at::tensor(theirs, at::kLong);
}

// The object that all facts are to have, by its name.
std::int32_t wanted_object(const Dataset& dataset, const std::vector<std::int64_t>& facts,
                           const WantedFacts& wanted) {
  const std::int32_t level =
      required_level(dataset, FactColumns::kObject, wanted.to, wanted.to_origin);
  const FactIndex index(dataset);
  std::set<std::int32_t> seen;
  for (const std::int64_t fact : facts) {
    const std::int32_t relation = index.at(fact).relation;
    if (!seen.insert(relation).second) continue;
    const std::vector<std::int32_t> all = objects_of_relation(dataset, relation);
    if (std::binary_search(all.begin(), all.end(), level)) continue;
    const std::string& name =
        dataset.columns.at(FactColumns::kRelation).levels[static_cast<std::size_t>(relation)];
    fail_task(wanted.to_origin, fmt::format("{} is no object of the relation '{}': `facts: "
                                            "{{relation: ...}}` chooses among those of one.",
                                            quote(wanted.to), name));
  }
  return level;
}

// What each fact becomes: another object of its relation, drawn.
std::vector<std::int32_t> draw_objects(const Dataset& dataset, const Tensor& train,
                                       const Tensor& facts, const WantedFacts& wanted,
                                       const Generator& generator) {
  const FactIndex index(dataset);
  const std::vector<std::int32_t> present = present_objects(dataset, train);
  std::map<std::int32_t, std::vector<std::int32_t>> of_relation;
  Generator draw = generator.stream("objects");
  std::vector<std::int32_t> objects;
  for (std::int64_t k = 0; k < facts.numel(); ++k) {
    const std::int64_t fact = facts[k].item<std::int64_t>();
    const std::int32_t relation = index.at(fact).relation;
    const auto [found, is_new] = of_relation.try_emplace(relation);
    if (is_new) found->second = objects_of_relation(dataset, relation);
    std::vector<std::int32_t> all = found->second;
    std::erase(all, present[static_cast<std::size_t>(fact)]);
    if (all.empty()) {
      fail_task(wanted.origin,
                fmt::format("all facts of the relation '{}' have one object: there is no other to "
                            "change to.",
                            dataset.columns.at(FactColumns::kRelation)
                                .levels[static_cast<std::size_t>(relation)]));
    }
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

ChosenFacts choose_facts(const Dataset& dataset, const Tensor& train, const WantedFacts& wanted,
                         bool changes, const Generator& generator) {
  const std::string problem = facts_problem(dataset);
  if (!problem.empty()) fail_task(wanted.origin, problem);
  std::vector<std::int64_t> facts = facts_like(dataset, train, wanted);
  const bool has_object =
      changes && wanted.to != WantedFacts::kOther && wanted.to != WantedFacts::kWritten;
  std::int32_t object = -1;
  if (has_object) {  // among those that do not have it
    object = wanted_object(dataset, facts, wanted);
    std::erase_if(facts, [&, present = present_objects(dataset, train)](std::int64_t fact) {
      return present[static_cast<std::size_t>(fact)] == object;
    });
  }
  ChosenFacts chosen;
  if (wanted.are_subjects) {
    chosen.facts = facts_of_subjects(dataset, facts, wanted, generator);
  } else if (wanted.has_file) {
    chosen =
        facts_of_file(dataset, train, facts, wanted, changes && wanted.to == WantedFacts::kWritten);
  } else {
    chosen.facts = drawn_of(facts, wanted.amount, "facts", generator);
  }
  if (!changes) return chosen;
  if (chosen.facts.numel() == 0) {
    fail_task(wanted.origin, "no fact is chosen: nothing would change.");
  }
  if (has_object) {
    chosen.objects.assign(static_cast<std::size_t>(chosen.facts.numel()), object);
  } else if (chosen.objects.empty()) {
    chosen.objects = draw_objects(dataset, train, chosen.facts, wanted, generator);
  }
  return chosen;
}

FactChoice choice_of(WantedFacts wanted, bool changes) {
  return [wanted = std::move(wanted), changes](const Dataset& dataset, const Tensor& train,
                                               const Generator& generator) {
    return choose_facts(dataset, train, wanted, changes, generator);
  };
}

}  // namespace

FactChoice read_fact_choice(const Settings& settings, bool changes) {
  const bool are_subjects = settings.has("subjects");
  if (settings.is_describing()) {
    read_wanted_facts(settings, false, changes);
    read_wanted_facts(settings, true, changes);
    return {};
  }
  const auto read = [&](const Settings& each) { read_fact_choice(each, changes); };
  settings.require_known(read);
  if (are_subjects == settings.has("facts")) {
    fail_at(settings.origin(),
            "expected one of 'facts' and 'subjects', such as `facts: {count: 10}`.");
  }
  settings.require_known(read, are_subjects ? "subjects" : "facts");
  return choice_of(read_wanted_facts(settings, are_subjects, changes), changes);
}

Choose read_facts(const Settings& settings) {
  return selector_of(choice_of(read_wanted_facts(settings, false, false), false));
}

Choose read_subjects(const Settings& settings) {
  return selector_of(choice_of(read_wanted_facts(settings, true, false), false));
}

}  // namespace oubli
