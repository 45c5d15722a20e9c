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

void require_facts(const Dataset& dataset, const Origin& origin) {
  if (has_facts(dataset)) return;
  fail_task(origin,
            fmt::format("'{}' says no facts: choose biographies or facts as data, or select "
                        "by random, where or indices.",
                        dataset.name));
}

// The numbers of times that training sees facts.
std::string repeats_there(const Dataset& dataset, const Tensor& train) {
  const Tensor& numbers = fact_numbers(dataset);
  const std::vector<double>& repeats = dataset.columns.at(FactColumns::kRepeats).numbers;
  std::set<double> found;
  for (std::int64_t i = 0; i < train.numel(); ++i) {
    const std::int64_t row = train.const_data_ptr<std::int64_t>()[i];
    if (numbers.const_data_ptr<std::int64_t>()[row] < 0) continue;
    found.insert(repeats[static_cast<std::size_t>(row)]);
  }
  return fmt::format("{}", fmt::join(found, ", "));
}

// Facts that these rows say and that are of the relation and as often as wanted, ascending.
std::vector<std::int64_t> facts_like(const Dataset& dataset, const Tensor& train,
                                     const WantedFacts& wanted) {
  const Tensor& numbers = fact_numbers(dataset);
  const FactIndex index(dataset);
  const std::int32_t relation = wanted.relation.empty()
                                    ? -1
                                    : required_level(dataset, FactColumns::kRelation,
                                                     wanted.relation, wanted.relation_origin);
  const std::vector<double>& repeats = dataset.columns.at(FactColumns::kRepeats).numbers;
  const auto wanted_repeats = static_cast<double>(wanted.repeats);
  std::set<std::int64_t> found;
  bool are_repeated = false;
  for (std::int64_t i = 0; i < train.numel(); ++i) {
    const std::int64_t row = train.const_data_ptr<std::int64_t>()[i];
    const std::int64_t fact = numbers.const_data_ptr<std::int64_t>()[row];
    if (fact < 0) continue;
    if (wanted.repeats > 0 && repeats[static_cast<std::size_t>(row)] != wanted_repeats) continue;
    are_repeated = true;
    if (relation < 0 || index.at(fact).relation == relation) found.insert(fact);
  }
  if (wanted.repeats > 0 && !are_repeated) {
    fail_task(wanted.repeats_origin, fmt::format("training sees no fact {} times; it sees them {} "
                                                 "times.",
                                                 wanted.repeats, repeats_there(dataset, train)));
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
    const Tensor drawn =
        drawn_of({subjects.begin(), subjects.end()}, wanted.amount, "subjects", generator);
    chosen.assign(drawn.const_data_ptr<std::int64_t>(),
                  drawn.const_data_ptr<std::int64_t>() + drawn.numel());
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
  for (const std::int64_t fact : facts) {
    const std::int32_t relation = index.at(fact).relation;
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
  Generator draw = generator.stream("objects");
  std::vector<std::int32_t> objects;
  for (std::int64_t k = 0; k < facts.numel(); ++k) {
    const std::int64_t fact = facts[k].item<std::int64_t>();
    const std::int32_t relation = index.at(fact).relation;
    std::vector<std::int32_t> all = objects_of_relation(dataset, relation);
    std::erase(all, present_object(dataset, train, fact));
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
  require_facts(dataset, wanted.origin);
  std::vector<std::int64_t> facts = facts_like(dataset, train, wanted);
  const bool has_object =
      changes && wanted.to != WantedFacts::kOther && wanted.to != WantedFacts::kWritten;
  std::int32_t object = -1;
  if (has_object) {  // among those that do not have it
    object = wanted_object(dataset, facts, wanted);
    std::erase_if(
        facts, [&](std::int64_t fact) { return present_object(dataset, train, fact) == object; });
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
  if (are_subjects == settings.has("facts")) {
    fail_at(settings.origin(),
            "expected one of 'facts' and 'subjects', such as `facts: {count: 10}`.");
  }
  return choice_of(read_wanted_facts(settings, are_subjects, changes), changes);
}

Choose read_facts(const Settings& settings) {
  return selector_of(choice_of(read_wanted_facts(settings, false, false), false));
}

Choose read_subjects(const Settings& settings) {
  return selector_of(choice_of(read_wanted_facts(settings, true, false), false));
}

}  // namespace oubli
