// A world of the user's own: facts in a CSV file, and the sentences that say them.
//
//   data:
//     name: facts
//     file: facts.csv                  # columns subject, relation, object and, if wanted, repeats
//     wordings:                        # by relation: what training sees
//       city: ["{subject} lives in {object}.", "the home of {subject} is {object}."]
//     held_out_wordings:               # what it never sees, to ask whether the fact was learnt
//       city: ["{subject}'s home is {object}."]
//     derived:                         # what follows from two facts
//       country: {from: city, by: located_in, trained: 0.5}
//     text: background.txt             # without facts, a sequence a line
//
// A subject has one object in a relation. Rows, splits and columns are those of
// language/fact_texts.h; a share of the lines of `text` is held out, drawn. `repeats` says how
// often training sees the sentences of a fact.
//
// Errors: Error(kData) with "FILE:LINE:COLUMN" for all lines at once that are not facts, and where
// a relation has no wordings; Error(kSettings) for wordings that are none, and, once the facts are
// read, for relations that no fact has, or that follow from none.
#include <ATen/ATen.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "core/base/random.h"
#include "core/base/text.h"
#include "core/data/drawing.h"
#include "datasets/draw.h"
#include "datasets/files.h"
#include "datasets/language/fact_file.h"
#include "datasets/language/fact_texts.h"
#include "datasets/language/text_file.h"
#include "datasets/language/vocabulary.h"
#include "datasets/selectors/ids.h"

namespace oubli {
namespace {

namespace fs = std::filesystem;

// The wordings of a relation, as the settings have them.
struct WrittenWordings {
  std::vector<std::string> trained, held_out;
  Origin origin;
};

// A derivation (fact_texts.h), as the settings have it.
struct WrittenDerivation {
  std::string from, by;
  double trained = 0;
  Origin origin;
};

struct FactSource {
  FactFile file;
  fs::path folder;
  std::map<std::string, WrittenWordings> wordings;   // by relation
  std::map<std::string, WrittenDerivation> derived;  // by the relation of what follows
  fs::path text, text_folder;                        // empty for none
  double held_out_text = 0;
  std::int64_t context = 0;
  std::uint64_t seed = 0;
};

void read_wordings(const Settings& settings, const char* key, const char* doc, bool held_out,
                   FactSource& source) {
  const Settings by_relation = settings.child(key, doc);
  for (const auto& [relation, node] : by_relation.node().entries) {
    WrittenWordings& written = source.wordings[relation];
    if (!held_out) written.origin = node.key_origin;
    std::vector<std::string>& own = held_out ? written.held_out : written.trained;
    own = by_relation.texts(relation, "sentences with {subject} and {object}");
    if (own.empty()) fail_at(node.origin, fmt::format("'{}' has no wording in it.", relation));
    for (std::size_t i = 0; i < own.size(); ++i) {
      const Origin& origin = node.items.empty() ? node.origin : node.items[i].origin;
      const std::string problem = wording_problem(own[i]);
      if (!problem.empty()) fail_at(origin, fmt::format("{}: {}.", quote(own[i]), problem));
      const auto is_same = [&](const std::string& other) { return other == own[i]; };
      const auto before = own.begin() + static_cast<std::ptrdiff_t>(i);
      if (std::any_of(own.begin(), before, is_same)) {
        fail_at(origin, fmt::format("the wording {} stands here twice.", quote(own[i])));
      }
      if (held_out && std::any_of(written.trained.begin(), written.trained.end(), is_same)) {
        fail_at(origin,
                fmt::format("the wording {} is trained on, and so not held out.", quote(own[i])));
      }
    }
    if (held_out && written.trained.empty()) {
      fail_at(node.key_origin,
              fmt::format("'{}' has no `wordings` that are trained on.", relation));
    }
  }
}

void read_derived(const Settings& settings, FactSource& source) {
  const Settings all = settings.child("derived",
                                      "relations that follow from two others: {country: {from: "
                                      "city, by: located_in}} says that who "
                                      "has a city has its country");
  for (const auto& [relation, node] : all.node().entries) {
    const Settings one = all.child(relation, "what it follows from");
    WrittenDerivation& written = source.derived[relation];
    written.origin = node.key_origin;
    written.from = one.text("from", {.doc = "relation of the subject to what is between"});
    written.by = one.text("by", {.doc = "relation of that to the object"});
    written.trained =
        one.real("trained", {.default_value = 0.5,
                             .at_least = 0,
                             .at_most = 1,
                             .doc = "share of the subjects of which training says it"});
  }
}

// The relations of the lines, in the order in which they come, each with its wordings.
std::vector<Relation> relations_of(const std::vector<FactLine>& lines, const std::string& where,
                                   const FactSource& source) {
  std::vector<Relation> relations;
  std::set<std::string> seen;
  std::vector<std::string> names, without;
  for (const FactLine& line : lines) {
    if (!seen.insert(line.relation).second) continue;
    names.push_back(line.relation);
    const auto written = source.wordings.find(line.relation);
    if (written == source.wordings.end()) {
      without.push_back(line.relation);
    } else {
      relations.push_back({line.relation, written->second.trained, written->second.held_out});
    }
  }
  for (const auto& [name, derived] : source.derived) {
    if (!seen.insert(name).second) {
      fail_at(derived.origin, fmt::format("'{}' is a relation of the file's facts, and so does not "
                                          "follow from others.",
                                          clipped(name)));
    }
    const auto written = source.wordings.find(name);
    if (written == source.wordings.end()) {
      fail_at(derived.origin,
              fmt::format("'{}' has no `wordings`, sentences that say it.", clipped(name)));
    }
    relations.push_back({name, written->second.trained, written->second.held_out});
  }
  for (const auto& [name, written] : source.wordings) {
    if (seen.contains(name)) continue;
    fail_at(written.origin, unknown_name_message("relation", name, names));
  }
  if (without.empty()) return relations;
  std::string example;
  for (std::size_t i = 0; i < std::min<std::size_t>(without.size(), 5); ++i) {
    example += fmt::format("\n    {}: [\"{{subject}} ... {{object}}.\"]", clipped(without[i]));
  }
  throw Error(ErrorKind::kData,
              fmt::format("{}: the relations {} have no wordings, sentences that say them. Under "
                          "`data`:\n  wordings:{}",
                          where, listed(without), example));
}

void take_text(const FactSource& source, const DataFolders& folders, FactTexts& texts) {
  const fs::path path = find_named_file("text file", source.text, source.text_folder, folders);
  std::vector<std::string> lines;
  for (TextLine& line : read_text_lines(path)) {
    if (!words_of(line.text).empty()) lines.push_back(std::move(line.text));
  }
  const auto count = static_cast<std::int64_t>(lines.size());
  if (count == 0) {
    throw Error(ErrorKind::kData,
                fmt::format("{}: there is nothing but blanks in it.", path.string()));
  }
  Generator draw = Generator(source.seed).stream("held-out text");
  const Tensor held_out =
      drawn_rows(at::arange(count), share_of(source.held_out_text, count), draw);
  const Tensor is_held_out = at::isin(at::arange(count), held_out);
  for (std::int64_t i = 0; i < count; ++i) {
    (is_held_out[i].item<bool>() ? texts.held_out_text : texts.text)
        .push_back(std::move(lines[static_cast<std::size_t>(i)]));
  }
}

LoadedData load_facts_of(const FactSource& source, const DataFolders& folders) {
  FactFile file = source.file;
  file.path = find_named_file("CSV file", file.path, source.folder, folders);
  const std::vector<FactLine> lines = read_fact_lines(file);
  FactTexts texts{.name = file.path.stem().string(), .context = source.context};
  texts.relations = relations_of(lines, file.path.string(), source);
  std::map<std::string, std::size_t> number_of;
  for (const Relation& relation : texts.relations) {
    number_of.emplace(relation.name, number_of.size());
  }
  for (const auto& [name, derived] : source.derived) {
    const auto number = [&, &written = derived](const std::string& relation) {
      const auto found = number_of.find(relation);
      if (found == number_of.end() || source.derived.contains(relation)) {
        fail_at(written.origin,
                fmt::format("{} is no relation of the file's facts.", quote(clipped(relation))));
      }
      return found->second;
    };
    texts.derivations.push_back(
        {number_of.at(name), number(derived.from), number(derived.by), derived.trained});
  }
  texts.seed = source.seed;
  for (const FactLine& line : lines) {
    texts.facts.push_back({line.subject, number_of.at(line.relation), line.object, line.repeats});
  }
  if (!source.text.empty()) take_text(source, folders, texts);
  return load_facts(texts);
}

FactSource read_fact_source(const Settings& settings) {
  FactSource source;
  source.folder = settings.folder_of("file");
  source.file.path = settings.path(
      "file", {.doc = "path of a CSV file with columns subject, relation, object and, if wanted, "
                      "repeats: how often training sees the fact"});
  source.file.delimiter = read_ids_delimiter(settings);
  source.file.ignore = settings.texts("ignore", "columns that are no part of a fact");
  read_wordings(settings, "wordings",
                "of each relation, the sentences that training sees: {city: "
                "[\"{subject} lives in {object}.\"]}",
                false, source);
  read_wordings(settings, "held_out_wordings",
                "of each relation, if wanted, sentences that training never sees", true, source);
  read_derived(settings, source);
  source.text_folder = settings.folder_of("text");
  source.text = settings.path(
      "text", {.default_value = "", .doc = "path of a text without facts, a sequence a line"});
  source.held_out_text = settings.real("held_out_text", {.default_value = 0.1,
                                                         .at_least = 0,
                                                         .below = 1,
                                                         .doc = "share of its lines that training "
                                                                "never sees"});
  source.context = settings.integer(
      "context", {.default_value = 0,
                  .at_least = 0,
                  .at_most = 4096,
                  .doc = "positions of a sequence; 0: as many as the longest one needs"});
  source.seed =
      static_cast<std::uint64_t>(settings.integer("seed", {.default_value = 0,
                                                           .at_least = 0,
                                                           .at_most = kLargestSeed,
                                                           .doc = "seed of what is drawn"}));
  return source;
}

}  // namespace

DataSource facts_source() {
  DataSource source{"facts", "facts of your own in a CSV file, and sentences that say them", {}};
  source.configure = [](const Settings& settings) {
    const FactSource read = read_fact_source(settings);
    return [read](const DataFolders& folders) { return load_facts_of(read, folders); };
  };
  return source;
}

}  // namespace oubli
