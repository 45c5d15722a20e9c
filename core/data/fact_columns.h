// Names of the columns that say, of a data set of sentences, what each states: the subject, the
// relation and the object of its fact, "" of running text; the wording it is put in; its kind, and
// how often training sees it (datasets/language/fact_texts.h).
#pragma once

namespace oubli {

struct FactColumns {
  static constexpr const char* kSubject = "subject";
  static constexpr const char* kRelation = "relation";
  static constexpr const char* kObject = "object";
  static constexpr const char* kWording = "wording";
  static constexpr const char* kKind = "kind";
  static constexpr const char* kRepeats = "repeats";
  // Where some facts come late: the share of a training that is over when it sees the fact first.
  static constexpr const char* kFirstSeen = "first_seen";
  // Of facts that follow from others, where there are such: the relations that they follow from and
  // by, "" of all others.
  static constexpr const char* kFrom = "derived_from";
  static constexpr const char* kBy = "derived_by";
};

}  // namespace oubli
