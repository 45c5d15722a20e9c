#include "datasets/language/sequence_rows.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "tests/support/sentences.h"

namespace oubli {
namespace {

using testing::text_asked;
using testing::text_read;

Dataset filled(const SequenceRows& rows, std::int64_t context = 0) {
  Dataset dataset;
  rows.fill(dataset, context);
  dataset.validate("test");
  return dataset;
}

TEST(SequenceRows, AskEachWordBehindThoseBeforeIt) {
  SequenceRows rows;
  rows.add({"Lea", "Roth", "in", "New", "Lyon", "."},
           {.answer = 3, .answer_size = 2, .subject_end = 1, .fact = 7});
  rows.add({"a", "b"}, {.answer = 1});
  EXPECT_EQ(rows.size(), 2);
  const Dataset dataset = filled(rows);
  EXPECT_EQ(text_read(dataset, 0), "<s> Lea Roth in New Lyon .");
  EXPECT_EQ(text_asked(dataset, 0), "Lea Roth in New Lyon . <s>");
  EXPECT_EQ(text_read(dataset, 1), "<s> a b <s> <s> <s> <s>");
  EXPECT_EQ(text_asked(dataset, 1), "a b <s> _ _ _ _");
  EXPECT_EQ(text_asked(dataset, 0, /*answer=*/true), "New Lyon");
  EXPECT_EQ(text_asked(dataset, 1, /*answer=*/true), "b");
  // Where the subject's last word is read.
  const auto end = dataset.sequences.subject_end[0].item<std::int64_t>();
  const auto read = dataset.inputs[0][end].item<std::int64_t>();
  EXPECT_EQ(dataset.class_names[static_cast<std::size_t>(read)], "Roth");
  EXPECT_TRUE(dataset.sequences.fact.equal(at::tensor({7, -1}, at::kLong)));
  EXPECT_EQ(dataset.sequences.subject_end[1].item<std::int64_t>(), -1);
  EXPECT_EQ(dataset.outputs, static_cast<std::int64_t>(dataset.class_names.size()));
  EXPECT_EQ(dataset.class_names[0], "<s>");
  EXPECT_TRUE(dataset.true_targets.equal(dataset.targets));
  EXPECT_TRUE(dataset.is_fitted_to_rows);
}

TEST(SequenceRows, AreAsLongAsTheContextWhereThatIsMore) {
  SequenceRows rows;
  rows.add({"a", "b"}, {.answer = 1});
  EXPECT_EQ(filled(rows, 2).sequences.positions(), 3) << "two words and the end";
  EXPECT_EQ(filled(rows, 5).sequences.positions(), 5);
}

TEST(SequenceRows, OfATextReadWhatStandsBefore) {
  SequenceRows rows;
  rows.add({"a", "b", "c"}, {.answer = 1, .answer_size = 2, .ends = false});
  rows.add({"b", "c", "d"}, {.answer = 2, .before = "a", .from = 2, .ends = false});
  rows.add({"e"}, {.before = "d"});
  const Dataset dataset = filled(rows);
  EXPECT_EQ(text_read(dataset, 0), "<s> a b");
  EXPECT_EQ(text_asked(dataset, 0), "a b c");
  EXPECT_EQ(text_read(dataset, 1), "a b c");
  EXPECT_EQ(text_asked(dataset, 1), "_ _ d");
  EXPECT_EQ(text_read(dataset, 2), "d e <s>");
  EXPECT_EQ(text_asked(dataset, 2), "e <s> _");
}

}  // namespace
}  // namespace oubli
