// A data set in memory, and the subsets of it that training and unlearning work on.
//
// Every example has a stable identity: its row in the data set, which is its place in the source's
// files (training files first, then test files). Splits, forget sets and retain sets are sorted or
// drawn lists of rows over one data set, never copies of it, so that a forget set can be written to
// a file and read back, and so that training and evaluation can never see different labels.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/base/tensor.h"
#include "core/data/row_column.h"
#include "core/data/row_places.h"

namespace oubli {

// A position of a sequence where nothing is asked.
constexpr std::int64_t kNoTarget = -1;

// Of examples that are sequences of tokens: what comes next at each position, and which part of it
// is the answer to what stands before, such as the object of a sentence that states a fact.
struct Sequences {
  Tensor next;          // int64 [n, positions], kNoTarget where nothing is asked
  Tensor answer_begin;  // int64 [n]: the position whose next token is the answer's first
  Tensor answer_size;   // int64 [n], tokens of it, at least 1
  // Of sentences that state a fact; -1 of others.
  Tensor subject_end;  // int64 [n]: the position where the subject's last token is read
  Tensor fact;         // int64 [n]: a number of the fact, the same in all its wordings

  bool defined() const { return next.defined(); }
  std::int64_t positions() const { return next.defined() ? next.size(1) : 0; }
  // The positions whose next token is one of the answer, of these rows: bool [rows, positions].
  Tensor answers(const Tensor& rows) const;
  // The tokens of one row's answer: int64 [tokens].
  Tensor answer(std::int64_t row) const;
  // These rows once more behind all others.
  void append_copies(const Tensor& rows);
};

struct Dataset {
  std::string name;
  // [n, features...]: images are [n, channels, height, width]. uint8 pixels stay uint8 until a
  // batch is made, and so do int32 token numbers [n, positions]; other inputs are float32 or
  // float64.
  Tensor inputs;
  // int64 [n] of classes, or floating [n, outputs] for regression. Of sequences the classes are
  // tokens, and the target is the answer's first: what metrics of classifiers then speak of.
  Tensor targets;
  // What models of sequences are trained on, in the place of `targets`.
  Sequences sequences = {};
  // The targets before any label was corrupted; the same tensor where none was.
  Tensor true_targets;
  // Classes, or outputs of a regression.
  std::int64_t outputs = 0;
  std::vector<std::string> class_names;
  std::vector<std::string> feature_names = {};  // of flat inputs, where they have names
  // What else is known of the rows, by name, and which of it names them. No part of what models
  // see.
  std::map<std::string, RowColumn> columns = {};
  std::string id_column = {};
  std::shared_ptr<const RowPlaces> places = {};  // where rows are written; none where nowhere
  // A batch is (inputs * scale - mean) / deviation, by channel for images (dimension 1) and by
  // feature for flat inputs; one value stands for all. Part of the data settings. Formed in float64
  // unless the inputs are pixels.
  double scale = 1.0;
  std::vector<double> mean = {0.0};
  std::vector<double> deviation = {1.0};
  // Of the training split before any edit, which orders of batches go by; 0: not known.
  std::int64_t training_rows = 0;
  // The share of a training that is over when it sees a row first: float64 [n] in [0, 1), undefined
  // where it sees all from the start. Trainings in a shared order go by it (core/train/batches.h).
  Tensor first_seen = {};
  // Whether inputs or normalisation were computed from rows that may be removed: means,
  // deviations, what missing values are filled with, one-hot levels.
  bool is_fitted_to_rows = false;

  std::int64_t size() const { return inputs.defined() ? inputs.size(0) : 0; }
  bool is_classification() const { return targets.scalar_type() == at::kLong; }
  bool is_image() const { return inputs.dim() == 4; }
  bool is_sequence() const { return sequences.defined(); }
  // Outputs at the answers of sequences of these rows: [b, positions, c] -> [b, c]. Others as they
  // are.
  Tensor at_answers(const Tensor& values, const Tensor& rows) const;
  // Of a sequence what is read before its answer, in the inputs' type: [tokens].
  Tensor prompt(std::int64_t row) const;
  // Shape of one example, without the batch dimension.
  std::vector<std::int64_t> input_shape() const;

  // Throws Error(kData) unless shapes agree, all values are finite and classes lie in
  // [0, outputs). `where` names the source in the message.
  void validate(const std::string& where) const;
  // SHA-256 of inputs, targets and normalisation: what the store keys by.
  std::string content_hash() const { return content_hash(size()); }
  std::string content_hash(std::int64_t rows) const;  // of the first ones alone
};

// Rows of the splits of a data set, each sorted ascending.
struct Splits {
  Tensor train;       // int64
  Tensor validation;  // int64, may be empty
  Tensor test;        // int64
};

struct Batch {
  Tensor inputs;   // floating, normalised
  Tensor targets;  // int64 [b] or [b, positions], or floating [b, outputs]
  Tensor weights;  // floating [b], or undefined for all ones
  Tensor rows;     // int64 [b], of the data set

  std::int64_t size() const { return inputs.defined() ? inputs.size(0) : 0; }
  // Views of examples begin .. begin + count.
  Batch narrow(std::int64_t begin, std::int64_t count) const;
};

struct Subset {
  std::shared_ptr<const Dataset> dataset;
  Tensor rows;     // int64 [n]
  Tensor weights;  // float64 [n] sample weights, or undefined for all ones

  std::int64_t size() const { return rows.defined() ? rows.numel() : 0; }
  bool empty() const { return size() == 0; }
  // Sum of the weights, which is the number of examples where there are none.
  double total_weight() const;
  // Examples begin .. begin + count of this subset, normalised, as `dtype`.
  Batch batch(std::int64_t begin, std::int64_t count, at::ScalarType dtype) const;
  // Examples at the given positions (not rows) of this subset.
  Batch batch_at(const Tensor& positions, at::ScalarType dtype) const;
  Subset with_rows(Tensor new_rows) const { return {dataset, std::move(new_rows), {}}; }
  // The same examples with other targets, one for each of `rows`, over a data set that differs in
  // them alone and shares its inputs: other rows of it keep theirs. Of sequences the answer's first
  // token is another one, also where it is read: answers of one token only, Error(kUsage).
  Subset with_targets(const Tensor& targets) const;
  // Those that are not among the others, in their order, with their weights.
  Subset without(const Subset& others) const;
  // The same with weights of mean 1, where there are any: means over the subset stay what they are.
  Subset with_unit_mean_weights() const;
};

// Rows in `a` or `b`, sorted; rows in `a` that are not in `b`, sorted.
Tensor rows_union(const Tensor& a, const Tensor& b);
Tensor rows_difference(const Tensor& a, const Tensor& b);

}  // namespace oubli
