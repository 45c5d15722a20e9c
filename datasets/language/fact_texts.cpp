#include "datasets/language/fact_texts.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

#include "core/base/error.h"
#include "core/base/machine_limits.h"
#include "core/base/random.h"
#include "core/base/tensor.h"
#include "core/data/drawing.h"
#include "datasets/draw.h"
#include "datasets/language/sequence_rows.h"
#include "datasets/language/text_column.h"

namespace oubli {
namespace {

constexpr const char* kSubjectHere = "{subject}";
constexpr const char* kObjectHere = "{object}";

// A fact and where it stands.
struct StatedFact {
  Fact fact;
  const Derivation* derivation = nullptr;  // where it follows from others
  bool is_trained = true;
};

class Rows {
 public:
  explicit Rows(const FactTexts& texts) : texts_(texts) {}

  void add_fact(const StatedFact& stated, const std::string& wording, const char* kind) {
    const Fact& fact = stated.fact;
    const std::size_t subject = wording.find(kSubjectHere);
    const std::size_t object = wording.find(kObjectHere);
    std::vector<std::string> words = words_of(wording.substr(0, subject));
    const auto append = [&](const std::string& text) {
      for (std::string& word : words_of(text)) words.push_back(std::move(word));
    };
    append(fact.subject);
    const std::size_t subject_end = words.size() - 1;
    const std::size_t between = subject + std::string(kSubjectHere).size();
    append(wording.substr(between, object - between));
    const std::size_t answer = words.size();
    append(fact.object);
    const std::size_t answer_size = words.size() - answer;
    append(wording.substr(object + std::string(kObjectHere).size()));
    subject_.add(fact.subject);
    relation_.add(texts_.relations[fact.relation].name);
    add_origin(stated.derivation);
    sequences_.add(words, {answer, answer_size, subject_end, number_of_fact()});
    note(fact.object, wording, kind, fact.repeats, fact.first_seen);
  }

  // What is asked of a line without facts is its last word that is one.
  void add_text(const std::string& line, const char* kind) {
    const std::vector<std::string> words = words_of(line);
    std::size_t answer = words.size() - 1;
    while (answer > 0 && words[answer].size() == 1 && words[answer].front() < '0') --answer;
    subject_.add("");
    relation_.add("");
    add_origin(nullptr);
    sequences_.add(words, {.answer = answer});
    note("", "", kind, 1, 0);
  }

  std::int64_t size() const { return sequences_.size(); }

  Dataset take() {
    Dataset dataset;
    dataset.name = texts_.name;
    sequences_.fill(dataset, texts_.context);
    dataset.columns[FactColumns::kSubject] = subject_.take();
    dataset.columns[FactColumns::kRelation] = relation_.take();
    dataset.columns[FactColumns::kObject] = object_.take();
    dataset.columns[FactColumns::kWording] = wording_.take();
    dataset.columns[FactColumns::kKind] = kind_.take();
    dataset.columns[FactColumns::kRepeats].numbers = std::move(repeats_);
    if (std::any_of(first_seen_.begin(), first_seen_.end(), [](double x) { return x > 0; })) {
      dataset.first_seen = at::tensor(first_seen_, at::kDouble);
      dataset.columns[FactColumns::kFirstSeen].numbers = std::move(first_seen_);
    }
    if (!texts_.derivations.empty()) {
      dataset.columns[FactColumns::kFrom] = from_.take();
      dataset.columns[FactColumns::kBy] = by_.take();
    }
    dataset.id_column = FactColumns::kSubject;
    dataset.validate(texts_.name);
    return dataset;
  }

 private:
  void add_origin(const Derivation* derivation) {
    if (texts_.derivations.empty()) return;
    from_.add(derivation == nullptr ? "" : texts_.relations[derivation->from].name);
    by_.add(derivation == nullptr ? "" : texts_.relations[derivation->by].name);
  }

  // Of the row added last, the same for a subject and relation.
  std::int64_t number_of_fact() {
    return static_cast<std::int64_t>(
        numbers_.try_emplace({subject_.last(), relation_.last()}, numbers_.size()).first->second);
  }

  void note(const std::string& object, const std::string& wording, const char* kind,
            std::int64_t repeats, double first_seen) {
    object_.add(object);
    wording_.add(wording);
    kind_.add(kind);
    repeats_.push_back(static_cast<double>(repeats));
    first_seen_.push_back(first_seen);
  }

  const FactTexts& texts_;
  SequenceRows sequences_;
  TextColumn subject_, relation_, object_, wording_, kind_, from_, by_;
  std::map<std::pair<std::int32_t, std::int32_t>, std::size_t> numbers_;  // of facts
  std::vector<double> repeats_, first_seen_;
};

// All facts, behind those that are given the ones that follow from them.
std::vector<StatedFact> stated_facts(const FactTexts& texts) {
  std::vector<StatedFact> all;
  std::map<std::pair<std::string, std::size_t>, const Fact*> given;
  for (const Fact& fact : texts.facts) {
    all.push_back({fact});
    given.try_emplace({fact.subject, fact.relation}, &fact);
  }
  for (const Derivation& derivation : texts.derivations) {
    const std::size_t first = all.size();
    for (const Fact& fact : texts.facts) {
      if (fact.relation != derivation.from) continue;
      const auto by = given.find({fact.object, derivation.by});
      if (by == given.end()) continue;  // nothing is known of the object
      all.push_back(
          {{fact.subject, derivation.relation, by->second->object, fact.repeats, fact.first_seen},
           &derivation,
           /*is_trained=*/false});
    }
    const auto count = static_cast<std::int64_t>(all.size() - first);
    Generator draw = Generator(texts.seed).stream(texts.relations[derivation.relation].name);
    const Tensor said = drawn_rows(at::arange(count), share_of(derivation.trained, count), draw);
    for (const std::int64_t place : as_vector<std::int64_t>(said)) {
      all[first + static_cast<std::size_t>(place)].is_trained = true;
    }
  }
  return all;
}

void require_memory_for(const FactTexts& texts) {
  constexpr double kBytes = 600;  // a row: its words, tensors and columns
  double rows = static_cast<double>(texts.text.size() + texts.held_out_text.size());
  for (const Fact& fact : texts.facts) {
    const Relation& relation = texts.relations[fact.relation];
    rows += static_cast<double>(fact.repeats) * static_cast<double>(relation.wordings.size()) +
            static_cast<double>(relation.held_out_wordings.size());
  }
  const std::string shortage = memory_shortage(kBytes * rows, "this data set");
  if (shortage.empty()) return;
  throw Error(ErrorKind::kData,
              fmt::format("{}: {} Take fewer facts, wordings or repeats.", texts.name, shortage));
}

std::size_t times_in(const std::string& text, const std::string& part) {
  std::size_t times = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) {
    ++times;
  }
  return times;
}

}  // namespace

std::string wording_problem(const std::string& wording) {
  if (times_in(wording, kSubjectHere) != 1 || times_in(wording, kObjectHere) != 1) {
    return "a wording has {subject} and {object} once each, such as \"{subject} lives in "
           "{object}.\"";
  }
  if (wording.find(kObjectHere) < wording.find(kSubjectHere)) {
    return "the object is what is asked for: {subject} stands before {object}";
  }
  return "";
}

LoadedData load_facts(const FactTexts& texts) {
  require_memory_for(texts);
  Rows rows(texts);
  const std::vector<StatedFact> facts = stated_facts(texts);
  for (const StatedFact& stated : facts) {
    if (!stated.is_trained) continue;
    for (const std::string& wording : texts.relations[stated.fact.relation].wordings) {
      for (std::int64_t k = 0; k < stated.fact.repeats; ++k) rows.add_fact(stated, wording, "fact");
    }
  }
  for (const std::string& line : texts.text) rows.add_text(line, "text");
  const std::int64_t trained = rows.size();
  for (const StatedFact& stated : facts) {
    const Relation& relation = texts.relations[stated.fact.relation];
    const bool is_asked_only = !stated.is_trained;
    for (const std::string& wording :
         is_asked_only ? relation.wordings : relation.held_out_wordings) {
      rows.add_fact(stated, wording, is_asked_only ? kUnsaid : "reworded");
    }
  }
  for (const std::string& line : texts.held_out_text) rows.add_text(line, "held_out_text");
  LoadedData loaded;
  const std::int64_t n = rows.size();
  loaded.dataset = rows.take();
  loaded.splits = {at::arange(trained), at::empty({0}, at::kLong), at::arange(trained, n)};
  return loaded;
}

bool has_facts(const Dataset& dataset) {
  return dataset.is_sequence() && dataset.columns.contains(FactColumns::kSubject);
}

}  // namespace oubli
