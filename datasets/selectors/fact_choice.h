// Facts of a world (language/fact_texts.h) that an edit is about: all sentences of a fact together.
//
//   {facts: {count: 10}}  {facts: {fraction: 0.05, relation: city, repeats: 16}}
//   {subjects: {count: 3, first_seen: 0.75}}    those that training sees late (fact_texts.h)
//   {facts: {relation: city}}                   without a count or fraction all that are like this
//   {facts: {file: facts.csv}}                  columns subject and relation
//   {subjects: {count: 3}}  {subjects: {names: [Lea Roth]}}
//
// and, of a change, `to`: `other`, one of the relation's other objects, drawn uniformly; or the
// name of one, which is then drawn among facts that do not have it. Of a file without `to` its
// column `object` says what each becomes.
//
// Draws come from the streams "forget" and "objects" of the generator given; a smaller count is a
// part of a larger one.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "datasets/selectors/amount.h"

namespace oubli {

struct ChosenFacts {
  Tensor facts;                       // int64 numbers (language/fact_rows.h), in a drawn order
  std::vector<std::int32_t> objects;  // of a change: what each becomes
};

// Among the facts that `train` rows say.
using FactChoice =
    std::function<ChosenFacts(const Dataset& dataset, const Tensor& train, const Generator&)>;

// Reads the one key, facts or subjects, of a map. `changes`: whether `to` is read.
FactChoice read_fact_choice(const Settings& settings, bool changes);

}  // namespace oubli
