#include "datasets/selectors/wanted_facts.h"

#include <fmt/format.h>

namespace oubli {
namespace {

void read_like(const Settings& settings, WantedFacts& wanted) {
  wanted.relation_origin = settings.origin("relation");
  wanted.relation = settings.text(
      "relation", {.default_value = "",
                   .doc = wanted.are_subjects ? "only those of whom a fact of this relation is said"
                                              : "of this relation only"});
  wanted.object_origin = settings.origin("object");
  wanted.object = settings.text(
      "object", {.default_value = "",
                 .doc = wanted.are_subjects ? "only those of whom a fact with this object is said"
                                            : "with this object only, as training says now"});
}

void read_which(const Settings& settings, WantedFacts& wanted) {
  if (wanted.are_subjects) {
    wanted.names_origin = settings.origin("names");
    wanted.names = settings.texts("names", "subjects by name, or give 'count' or 'fraction'");
    return read_like(settings, wanted);
  }
  wanted.has_file = settings.has("file");
  wanted.file.origin = settings.origin("file");
  wanted.file.advice = "subject, relation and, of a change without `to`, object are those read.";
  if (wanted.has_file || settings.is_describing()) {
    wanted.file.path =
        settings.folder_of("file") /
        settings.path("file", {.doc = "CSV file with columns subject, relation and, of a change, "
                                      "object; or give 'count' or 'fraction'"});
  }
  read_like(settings, wanted);
}

}  // namespace

WantedFacts read_wanted_facts(const Settings& parent, bool are_subjects, bool changes) {
  const Settings settings = are_subjects ? parent.child("subjects", "all facts of some subjects")
                                         : parent.child("facts", "facts, each with all sentences");
  WantedFacts wanted;
  wanted.are_subjects = are_subjects;
  wanted.origin = settings.origin();
  read_which(settings, wanted);
  wanted.repeats_origin = settings.origin("repeats");
  wanted.repeats = settings.integer(
      "repeats",
      {.default_value = 0, .at_least = 0, .doc = "only those that training sees so often; 0: any"});
  wanted.first_seen_origin = settings.origin("first_seen");
  wanted.first_seen = settings.real_or(
      "first_seen", "any",
      {.at_least = 0,
       .below = 1,
       .doc = "only those that training sees first when this share of it is over; any"});
  const bool has_which = are_subjects ? !wanted.names.empty() : wanted.has_file;
  const bool has_amount = settings.has("count") || settings.has("fraction");
  if (has_which && has_amount) {
    fail_at(wanted.origin, fmt::format("found both '{}' and '{}', expected one of them.",
                                       are_subjects ? "names" : "file",
                                       settings.has("count") ? "count" : "fraction"));
  }
  const bool are_told = has_which || !wanted.relation.empty() || !wanted.object.empty() ||
                        wanted.repeats > 0 || wanted.first_seen.has_value();
  if (has_amount || !are_told || settings.is_describing()) {
    wanted.amount = read_amount(settings, are_subjects ? "subjects" : "facts");
  }
  wanted.to_origin = settings.origin("to");
  if (changes) {
    wanted.to = settings.text(
        "to", {.default_value = wanted.has_file ? WantedFacts::kWritten : WantedFacts::kOther,
               .doc = "the new object: other, another one of the relation's, drawn; or one by "
                      "name; of a file, what its column 'object' says by default"});
    if (wanted.to == WantedFacts::kWritten && !wanted.has_file) {
      settings.fail("to", "'to' names no object: `other` draws another one of the relation's.");
    }
  } else if (settings.has("to") && !settings.is_describing()) {
    settings.fail("to", "'to' says what facts become: it stands under `change`.");
  }
  return wanted;
}

std::int32_t required_level(const Dataset& dataset, const char* name, const std::string& text,
                            const Origin& origin) {
  const RowColumn& column = dataset.columns.at(name);
  const std::int32_t level = column.level(text);
  if (level < 0) fail_task(origin, unknown_name_message(name, text, column.levels));
  return level;
}

}  // namespace oubli
