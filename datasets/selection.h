// Which examples an edit is about: forget-set selectors, as an experiment file writes them.
//
//   {random: {fraction: 0.1}}  {random: {count: 50}}     drawn from the training split
//   {class: 3}  {class: ship}                            a whole class, by number or by name
//   {class_fraction: {class: 3, fraction: 0.5}}          a drawn part (or `count`) of one class
//   {indices: forget.txt}                                rows listed in a file (row_file.h)
//   {indices: [3, 17, 42]}                               the same rows, listed here
//   {ids: {file: requests.csv, column: customer_id}}     rows by the data's id column, which
//                                                        `data: {id: ...}` names; all rows of an id
//   {ids: [C100, C107]}                                  the same, listed here
//   {where: {column: city, is: [Lyon, Nice]}}            rows by what a column of the table says;
//   {where: {column: signup, before: 2024-01-01}}        `after`, `at_least`, `at_most` too, for
//                                                        numbers and dates; `count` or `fraction`
//                                                        draws some of them
//
//   {facts: {count: 10, relation: city}}                 of data that says facts, all sentences of
//                                                        each of them (selectors/fact_choice.h)
//   {subjects: {fraction: 0.1}}                          all facts of each of those
//
// and those that spoil the examples they choose, for a model to be trained on and then rid of:
//
//   {mislabelled: {fraction: 0.1}}                       drawn like `random`, and given a wrong
//                                                        label, uniform over the other classes
//   {interclass: {classes: [3, 5], fraction: 0.2}}       drawn from each of two classes, and given
//                                                        the other one's label: the interclass
//                                                        confusion test of Goel et al. 2022
//   {backdoor: {fraction: 0.05, target: 0, size: 2}}     a patch in the picture, and the target's
//                                                        label (selectors/backdoor.cpp)
//   {noisy: {fraction: 0.1, deviation: 2}}               Gaussian noise on the inputs
//                                                        (selectors/noisy.cpp)
//   {biased: {group: SELECTOR, from: granted, to: refused, fraction: 0.4}}
//                                                        labels of a group are lowered
//                                                        (selectors/biased.cpp)
//
// A selection holds rows of the training split only. Draws come from the named streams "forget",
// "wrong_labels" and "noise" of the generator given; a smaller fraction of the same seed is a part
// of a larger one.
//
// Errors: Error(kSettings) for no selector, more than one, or an unknown one. Error(kTask), located
// at the selector, where nothing is selected, everything is (no retain set would be left), a class
// is not there, rows are out of range, not in the training split or listed twice, ids are in no
// training row (unless `unknown_ids: ignore`): each with all that are concerned.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/base/random.h"
#include "core/base/settings.h"
#include "core/data/dataset.h"
#include "datasets/traces.h"

namespace oubli {

struct Selection {
  Tensor rows = {};          // int64, rows of the training split, sorted ascending
  Tensor wrong_labels = {};  // int64, one for each of `rows`; undefined where labels stay
  Tensor wrong_inputs = {};  // one for each, in the data's own type; undefined where inputs stay
  std::shared_ptr<const Traces> traces = {};  // null where test examples show nothing of it
  std::vector<std::string> notes = {};        // what was asked for and left out

  // The examples at these places of `rows`.
  Selection part(const Tensor& places) const;
};

using Selector = std::function<Selection(const Dataset&, const Splits&, Generator)>;

// Reads the selector of a map with one entry, but for keys `beside` it that the caller reads.
// Touches no data and no file. `set` is what messages call what it selects.
Selector configure_selection(const Settings& settings, const std::string& set = "forget set",
                             const std::vector<std::string>& beside = {});

// The selectors that spoil what they choose.
const std::vector<std::string>& corrupting_selectors();

// The data set with the wrong labels and inputs of `selection`; `true_targets` keeps the labels
// that were there before. The data set itself where the selection spoils nothing.
Dataset corrupted(const Dataset& dataset, const Selection& selection);

// Adds copies of the rows with other inputs and their true targets at the end of the data set, and
// returns the rows that they are then.
Tensor append_copies(Dataset& dataset, const Tensor& rows, const Tensor& inputs);

}  // namespace oubli
