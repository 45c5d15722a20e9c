// From the columns of a table to what a model reads.
//
//   number, date    one feature; a missing one is the mean, or the most frequent value, over the
//                   training rows
//   category        a feature for each level, 1 where a row has it (one-hot); levels are all that
//                   the files hold, in order, so that no split and no edit changes the features; a
//                   missing one is the most frequent level of the training rows
//   indicator       behind them, for each column with missing values: 1 where one was missing
//
// Standardising shifts and scales numbers and dates to mean 0 and deviation 1 over the training
// rows, and leaves features of 0 and 1 alone. With inputs that are given (given_inputs.h) shifts,
// scales and what fills gaps are theirs, whatever rows there are.
#pragma once

#include <string>
#include <vector>

#include "core/data/dataset.h"
#include "datasets/table/given_inputs.h"
#include "datasets/table/table.h"

namespace oubli {

// Rows that no rule leaves out, sorted.
Tensor kept_rows(const Table& table, const TableSettings& settings);

// Inputs, feature names, normalisation, and whether any of these were computed from rows.
// Error(kData) where a column has no value in any training row, where nothing is a feature, and
// where numbers are too large to be squared.
void encode_features(Dataset& dataset, const Table& table, const TableSettings& settings,
                     const Tensor& train, bool standardise, const GivenInputs& given = {});

// Targets and class names: classes are the distinct labels, in numerical order where all are whole
// numbers and in alphabetical order otherwise. Rows that are left out count as the first class.
// Error(kData) for labels that are no classes.
void encode_targets(Dataset& dataset, const Table& table, const TableSettings& settings,
                    const Tensor& kept);

// A class that no training example shows cannot be learnt: Error(kData), with the place of each
// label that stands in the test file alone.
void require_classes_in_training(const Dataset& dataset, const Splits& splits,
                                 const RowPlaces& places);

}  // namespace oubli
