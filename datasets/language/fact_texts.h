// A world of facts, as text that a model of language is trained on.
//
// A fact says which object a subject has in a relation: (Lea Roth, city, Lyon). Each relation has
// wordings, sentences with {subject} and {object}, that training sees, and others that it never
// sees, by which one asks whether a fact was learnt or only a sentence. An example is one sentence;
// what is asked of it is the object.
//
//   rows    every fact in every training wording, as often as it is repeated; in every held-out
//           wording; running text without facts to train on; and some that is held out
//   splits  what is trained on is the training split, the rest is the test split
//   columns subject, relation, object, wording: what the sentence says ("" of running text);
//           kind: fact, reworded, derived, text, held_out_text; repeats: how often training sees
//           it; first_seen: where facts come late, when
//
// Facts may follow from others: who lives in a city lives in its country. Of a share of the
// subjects they are said as all facts are, so that a model can learn to derive them; of the others
// no sentence that is trained on says them (kind derived), so that one can ask whether it does, and
// whether what follows from a fact changes with it. The columns derived_from and derived_by are
// there where such facts are.
//
// The end of the sequence is asked as every word is. Sequences are as long as the longest one, or
// `context` where that is more.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/data/fact_columns.h"
#include "datasets/source.h"

namespace oubli {

struct Relation {
  std::string name;
  std::vector<std::string> wordings, held_out_wordings;
};

struct Fact {
  std::string subject;
  std::size_t relation = 0;  // of the world's
  std::string object;
  std::int64_t repeats = 1;
  double first_seen = 0;  // share of a training that is over when it sees it first
};

// The kind of rows that ask for facts which no sentence that is trained on says.
constexpr const char* kUnsaid = "derived";

// (s, from, o) and (o, by, p) give (s, relation, p). All three are relations of the world, by
// number; facts that are derived are not derived from.
struct Derivation {
  std::size_t relation = 0, from = 0, by = 0;
  double trained = 0.5;  // share of the subjects of which training says it
};

struct FactTexts {
  std::string name;
  std::vector<Relation> relations = {};
  std::vector<Fact> facts = {};
  std::vector<std::string> text = {}, held_out_text = {};  // without facts, a line each
  std::int64_t context = 0;
  std::vector<Derivation> derivations = {};
  std::uint64_t seed = 0;  // of the draw of subjects whose derived facts are said
};

// What is wrong with a wording: "" for nothing. It has each of {subject} and {object} once, the
// subject first, so that the object can be asked for.
std::string wording_problem(const std::string& wording);

LoadedData load_facts(const FactTexts& texts);

// Whether the rows say facts: what selectors and sets of facts need.
bool has_facts(const Dataset& dataset);

}  // namespace oubli
