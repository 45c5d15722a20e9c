// The batches of a subset, epoch after epoch, each epoch in a new random order.
//
//   for (const Batch& batch : stream) ...      one epoch
//   const Batch& batch = stream.next();        the next one, of a new epoch where one has ended:
//                                              beside a loop over another set
//
// In a shared order a row's place in an epoch depends on the row and the epoch alone: rows that two
// subsets of a data set have in common come in the same order and in the same batches, so that a
// model retrained without some rows has seen all others as the first one did. A batch has those of
// its rows that are in the subset, about `batch_size` of them; there are as many batches as the
// data set's training rows make, and one that is empty is no batch. Rows that the data set has seen
// late (Dataset::first_seen) are left out of the epochs before.
//
// Weights are scaled to mean 1, so that the mean over an epoch's batches is the subset's. A stream
// of an empty subset has no batches, and next() gives one of no examples. Cost: none; a batch is
// gathered and normalised when it is its turn.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "core/base/random.h"
#include "core/data/dataset.h"
#include "core/train/augmentation.h"

namespace oubli {

struct BatchOptions {
  std::int64_t batch_size = 128;
  // Whether a last batch that is smaller than the others is left out of an epoch; a first one never
  // is.
  bool drop_last = false;
  bool shared_order = false;
  std::int64_t epochs = 0;  // of the training, by which rows come late; 0: none does
  Augmentation augmentation = {};
  at::ScalarType dtype = at::kFloat;
  // Asked before each batch of a loop, which ends where it says so; next() goes on.
  std::function<bool()> stop = {};
};

class BatchStream {
 public:
  // Orders are drawn from `order`, one permutation for each epoch; augmentation from the other.
  BatchStream(const Subset& subset, const BatchOptions& options, Generator order,
              Generator augmentation);

  // Of an epoch, of one that all rows are in.
  std::int64_t batches() const;

  const Batch& next();

  struct End {};
  class Iterator {
   public:
    explicit Iterator(BatchStream& stream) : stream_(stream) {}
    const Batch& operator*() const { return stream_.batch_; }
    Iterator& operator++() {
      stream_.advance_unless_stopped();
      return *this;
    }
    bool operator!=(End) const { return stream_.has_batch_; }

   private:
    BatchStream& stream_;
  };
  // Begins an epoch.
  Iterator begin();
  End end() const { return {}; }

 private:
  void start_epoch();
  void order_by_row();
  void advance();
  void advance_unless_stopped();

  Subset subset_;
  BatchOptions options_;
  Generator order_, augmentation_;
  std::int64_t used_;     // examples of an epoch that all rows are in
  std::int64_t at_once_;  // batches that are gathered together
  std::int64_t epoch_ = 0, gathered_from_ = 0;
  Tensor positions_;                // the epoch's order
  std::vector<std::int64_t> ends_;  // of the epoch's batches, in that order
  std::size_t number_ = 0;          // of the next batch
  Batch several_, batch_;
  bool has_batch_ = false;
};

}  // namespace oubli
