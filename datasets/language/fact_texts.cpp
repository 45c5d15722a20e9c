#include "datasets/language/fact_texts.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <map>
#include <utility>

#include "core/base/error.h"
#include "core/base/machine_limits.h"
#include "datasets/language/sequence_rows.h"
#include "datasets/language/text_column.h"

namespace oubli {
namespace {

constexpr const char* kSubjectHere = "{subject}";
constexpr const char* kObjectHere = "{object}";

class Rows {
 public:
  void add_fact(const Fact& fact, const Relation& relation, const std::string& wording,
                const char* kind) {
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
    relation_.add(relation.name);
    sequences_.add(words, {answer, answer_size, subject_end, number_of_fact()});
    note(fact.object, wording, kind, fact.repeats);
  }

  // What is asked of a line without facts is its last word that is one.
  void add_text(const std::string& line, const char* kind) {
    const std::vector<std::string> words = words_of(line);
    std::size_t answer = words.size() - 1;
    while (answer > 0 && words[answer].size() == 1 && words[answer].front() < '0') --answer;
    subject_.add("");
    relation_.add("");
    sequences_.add(words, {.answer = answer});
    note("", "", kind, 1);
  }

  std::int64_t size() const { return sequences_.size(); }

  Dataset take(const std::string& name, std::int64_t context) {
    Dataset dataset;
    dataset.name = name;
    sequences_.fill(dataset, context);
    dataset.columns[FactColumns::kSubject] = subject_.take();
    dataset.columns[FactColumns::kRelation] = relation_.take();
    dataset.columns[FactColumns::kObject] = object_.take();
    dataset.columns[FactColumns::kWording] = wording_.take();
    dataset.columns[FactColumns::kKind] = kind_.take();
    dataset.columns[FactColumns::kRepeats].numbers = std::move(repeats_);
    dataset.id_column = FactColumns::kSubject;
    dataset.validate(name);
    return dataset;
  }

 private:
  // Of the row added last, the same for a subject and relation.
  std::int64_t number_of_fact() {
    return static_cast<std::int64_t>(
        numbers_.try_emplace({subject_.last(), relation_.last()}, numbers_.size()).first->second);
  }

  void note(const std::string& object, const std::string& wording, const char* kind,
            std::int64_t repeats) {
    object_.add(object);
    wording_.add(wording);
    kind_.add(kind);
    repeats_.push_back(static_cast<double>(repeats));
  }

  SequenceRows sequences_;
  TextColumn subject_, relation_, object_, wording_, kind_;
  std::map<std::pair<std::int32_t, std::int32_t>, std::size_t> numbers_;  // of facts
  std::vector<double> repeats_;
};

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
  Rows rows;
  for (const Fact& fact : texts.facts) {
    const Relation& relation = texts.relations[fact.relation];
    for (const std::string& wording : relation.wordings) {
      for (std::int64_t k = 0; k < fact.repeats; ++k) {
        rows.add_fact(fact, relation, wording, "fact");
      }
    }
  }
  for (const std::string& line : texts.text) rows.add_text(line, "text");
  const std::int64_t trained = rows.size();
  for (const Fact& fact : texts.facts) {
    const Relation& relation = texts.relations[fact.relation];
    for (const std::string& wording : relation.held_out_wordings) {
      rows.add_fact(fact, relation, wording, "reworded");
    }
  }
  for (const std::string& line : texts.held_out_text) rows.add_text(line, "held_out_text");
  LoadedData loaded;
  const std::int64_t n = rows.size();
  loaded.dataset = rows.take(texts.name, texts.context);
  loaded.splits = {at::arange(trained), at::empty({0}, at::kLong), at::arange(trained, n)};
  return loaded;
}

bool has_facts(const Dataset& dataset) {
  return dataset.is_sequence() && dataset.columns.contains(FactColumns::kSubject);
}

}  // namespace oubli
