// What an experiment asks for: one edit, or several requests, one after another.
//
//   edit: {remove: SELECTOR, add: SELECTOR}             one edit; one of both may be left out
//   edit:                                               a sequence: each entry is one request
//     - remove: {ids: [C7]}
//     - {remove: {where: {column: month, is: may}}, add: {where: {column: month, is: june}}}
//   edit: {remove: {mislabelled: {fraction: 0.1}, known: 0.3}}         bad data, known in part
//   edit: {requests: {from: SELECTOR, each: 1, count: 25}}             drawn from a selection: of
//                                                        facts or subjects these, else rows
//   edit: {requests: {file: requests.csv, column: id}}                 line by line, the data's ids
//   edit: {requests: {file: requests.csv, column: id, number: day}}    by number
//   edit: {change: {facts: {count: 10, to: other}}}     facts that become others: the sentences
//                                                       that say them leave, ones that say what is
//                                                       to be believed enter
//   edit: {requests: {change: {facts: {count: 100}}, each: 10}}        ten facts at a time
//   checkpoints: [1, 5, 25]                             after how many requests models are held
//                                                       against oracles; the last one by default
//
// Of a sequence each request finds what the requests before it left: its selector chooses among the
// rows that are trained on then. What a later request adds is held out until then. Draws of request
// k come from the streams "remove k" and "add k" of Generator(seeds.edit), of one edit from
// "remove" and "add".
//
// `known`: the share of what is removed that methods are told, drawn from the stream "known" of
// these; a smaller share is a part of a larger one. The oracles lack all of it. What nobody knows
// of stays where it was for the methods: in their retain set. No later request chooses it.
//
// Errors: Error(kSettings) for an edit that asks for nothing, Error(kTask) for one that cannot be
// made, or of which nothing would be told, with its number where there are several.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "datasets/selection.h"
#include "datasets/source.h"

namespace oubli {

// Either may be empty; not both.
struct DrawnEdit {
  Selection removed;  // all that oracles lack
  Selection added;
  Tensor unknown = {};  // rows of `removed` that methods are not told of; undefined: none
};

struct Edits {
  // The requests, in their order; one where it is no sequence.
  // What is changed is written into rows behind those of the data, which are added to its splits.
  std::function<std::vector<DrawnEdit>(LoadedData& data, const Generator& generator)> draw;
  bool is_sequence = false;
  bool adds = false;                      // points that were held out, in any of them
  std::vector<std::int64_t> checkpoints;  // of a sequence, ascending; empty: after the last one
  Origin origin, checkpoints_origin;
};

Tensor no_rows();  // int64 [0]

// Reads `edit` and `checkpoints`.
Edits read_edits(const Settings& root);

// Reads `known`, which stands beside the selector of what is removed.
double read_known_share(const Settings& remove);

}  // namespace oubli
