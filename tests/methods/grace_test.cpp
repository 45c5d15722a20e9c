#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/nn/layers/codebook.h"
#include "core/unlearn/token_losses.h"
#include "core/unlearn/value_search.h"
#include "tests/support/expect_error.h"
#include "tests/support/fact_world.h"
#include "tests/support/numbers.h"

namespace oubli {
namespace {

using testing::change_task;
using testing::run_method;

// The learnt model with an empty codebook at its last layer.
Model with_room_for(std::int64_t entries) {
  const Model learnt = testing::learnt_gpt();
  const Network network = with_codebook(
      testing::make_network("gpt", "{layers: 3, width: 8, heads: 2}", *testing::make_sentences()),
      "h.2.mlp.c_proj", entries);
  Model model(network.layers, network.table, at::kDouble);
  const std::int64_t room = model.dim() - learnt.dim();
  model.set_theta(at::cat({learnt.theta().detach(), at::zeros({room}, at::kDouble)}));
  return model;
}

Tensor codebook_part(const Model& model, const char* name) {
  return model.parameters()[*model.find_parameter(name)].detach();
}

struct GraceProblem {
  Task task = change_task({0, 3});
  FactEdits edits = fact_edits(task, "law", at::kDouble);
  Model original = with_room_for(20);
  Model model = original.clone();

  Tensor losses() const {
    return token_losses(model.forward(edits.inputs), edits.answers).sum(1).detach();
  }
  // -ln p(answer) of each sentence with the value that is found for it.
  Tensor searched() const {
    Context context(0);
    const ValueSearch search{
        .lr = 1, .clamp = kUnbounded, .weight_decay = 0, .kl = 0, .enough = 0.05};
    return find_values(original, LinearMemory::of(original, 2), edits.by_sentence(), task.retain,
                       search, context)
        .losses;
  }
  MemoryContents contents(const FactEdits& of) const {
    CostMeter cost;
    return read_memories(original, {LinearMemory::of(original, 2)}, of.inputs, of.answer_begin,
                         cost)[0];
  }
};

TEST(Grace, AnswersWhatWasEditedAndLeavesAllElseExactlyAsItWas) {
  GraceProblem p;
  const Tensor before_edit = p.losses();
  const UnlearnReport report = run_method("grace", "{radius: 1e-6}", p.model, p.task);
  EXPECT_LT(testing::relative_error(p.losses(), p.searched()), 1e-9);
  EXPECT_TRUE(p.losses().lt(before_edit).all().item<bool>());
  EXPECT_EQ(report.details.at("new_entries"), 12);
  // Every parameter but the codebook's.
  const std::int64_t before = p.original.dim() - std::int64_t{20} * (32 + 8 + 1);
  EXPECT_TRUE(p.model.theta().narrow(0, 0, before).equal(p.original.theta().narrow(0, 0, before)));
  // Every sentence of other subjects.
  const Tensor rows = testing::rows_of_facts(*p.task.train.dataset, {4, 5, 6, 7, 8, 9});
  const Batch others = p.task.train.with_rows(rows).batch(0, rows.numel(), at::kDouble);
  EXPECT_TRUE(p.model.forward(others.inputs).equal(p.original.forward(others.inputs)));
}

TEST(Grace, GrowsTheBallOfTheSameAnswer) {
  GraceProblem p;
  p.task = testing::change_task({3});
  p.edits = fact_edits(p.task, "law", at::kDouble);
  const Tensor queries = p.contents(p.edits).keys;
  const UnlearnReport report = run_method("grace", "{radius: 100}", p.model, p.task);
  // All wordings lie in the first one's ball.
  EXPECT_EQ(report.details.at("entries_used"), 1);
  EXPECT_EQ(report.details.at("grown_entries"), 0);
  EXPECT_TRUE(codebook_part(p.model, "codebook.keys")[0].equal(queries[0]));
  // A first ball that ends short of the second wording, which is nearer than both radii.
  const double distance = (queries[1] - queries[0]).norm().item<double>();
  const double radius = 0.7 * distance / queries.norm(2, 1).max().item<double>();
  Model model = p.original.clone();
  p.task.added.rows = p.task.added.rows.narrow(0, 0, 2);
  const UnlearnReport grown =
      run_method("grace", "{radius: " + std::to_string(radius) + "}", model, p.task);
  EXPECT_EQ(grown.details.at("grown_entries"), 1);
  EXPECT_NEAR(codebook_part(model, "codebook.radii")[0].item<double>(), distance, 1e-4 * distance);
  // Both wordings are answered by its value.
  CostMeter cost;
  const Tensor said = read_memories(model, {LinearMemory::of(model, 2)}, p.edits.inputs,
                                    p.edits.answer_begin, cost)[0]
                          .values;
  for (const std::int64_t i : {0, 1}) {
    EXPECT_TRUE(said[i].equal(codebook_part(model, "codebook.values")[0])) << i;
  }
}

TEST(Grace, HalvesTheBallsOfDifferentAnswers) {
  GraceProblem p;
  p.task.added.rows = at::stack({p.task.added.rows[0], p.task.added.rows[6]});
  p.edits = fact_edits(p.task, "law", at::kDouble);
  const Tensor queries = p.contents(p.edits).keys;
  const double half = (queries[0] - queries[1]).norm().item<double>() / 2;
  run_method("grace", "{radius: 100}", p.model, p.task);
  const Tensor radii = codebook_part(p.model, "codebook.radii");
  EXPECT_NEAR(radii[0].item<double>(), half, 1e-5 * half);
  EXPECT_NEAR(radii[1].item<double>(), half, 1e-5 * half);
  EXPECT_LT(radii[0].item<double>() + radii[1].item<double>(), 2 * half);
  EXPECT_LT(testing::relative_error(p.losses(), p.searched()), 1e-9);
}

// What an entry stands for is known at a later request: the same facts once more need no entries.
TEST(Grace, HandsOnWhatItsEntriesStandFor) {
  GraceProblem p;
  const UnlearnReport first = run_method("grace", "{radius: 1e-6}", p.model, p.task);
  p.task.state = first.state;
  const UnlearnReport again = run_method("grace", "{radius: 1e-6}", p.model, p.task);
  EXPECT_EQ(again.details.at("entries_used"), 12);
  EXPECT_EQ(again.status, UnlearnStatus::kUnchanged);
}

TEST(Grace, SaysWhereItsCodebookIsFull) {
  GraceProblem p;
  p.model = with_room_for(5);
  const UnlearnReport report = run_method("grace", "{radius: 1e-6}", p.model, p.task);
  EXPECT_EQ(report.status, UnlearnStatus::kPartial);
  EXPECT_THAT(report.message, ::testing::HasSubstr("7 of 12 sentences"));
}

TEST(Grace, AsksForACodebook) {
  GraceProblem p;
  Model plain = testing::learnt_gpt();
  EXPECT_ERROR(ErrorKind::kTask, run_method("grace", "{}", plain, p.task),
               ::testing::HasSubstr("trained with one"));
  const Methods methods = builtin_methods();
  const auto method =
      methods.find("grace").make(Settings(parse_settings("{entries: 7}", "test")), methods);
  const TrainingPlan plan = method->training_plan({});
  const Network network = network_of(
      plan, testing::make_network("gpt", "{layers: 3, width: 8}", *p.task.train.dataset));
  EXPECT_EQ(network.table->parameters().back().shape, std::vector<std::int64_t>{7});
  EXPECT_NE(plan.to_json(), TrainingPlan{}.to_json());
  const auto table = testing::make_dataset(10, 4, 3);
  EXPECT_ERROR(ErrorKind::kTask, network_of(plan, testing::make_network("mlp", "{}", *table)),
               ::testing::HasSubstr("h.0.mlp.c_proj"));
}

}  // namespace
}  // namespace oubli
