#include "experiments/engine/report/claims.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace oubli {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

struct Claimed {
  double epsilon = 1, delta = 1e-5;
  std::string column = "ulira_epsilon";  // of the attack
  std::string covers = "all releases";
  Json mu = nullptr;
};

RowResult claim_row(const std::string& name, const std::vector<double>& attack,
                    const Claimed& claim = {}) {
  const Json assumptions = {{{"text", "the loss is smooth"}, {"status", "assumed"}},
                            {{"text", "the model is linear"}, {"status", "checked"}}};
  RowResult row;
  row.name = name;
  for (std::size_t i = 0; i < attack.size(); ++i) {
    ModelResult model;
    model.training_seed = static_cast<std::int64_t>(i);
    model.status = "completed";
    model.values[claim.column] = attack[i];
    if (claim.epsilon > 0) {
      model.values["certified_epsilon"] = claim.epsilon;
      model.values["certified_delta"] = claim.delta;
      model.report["details"]["certificate"] = {
          {"assumptions", assumptions}, {"covers", claim.covers}, {"mu", claim.mu}};
    }
    row.models.push_back(model);
  }
  return row;
}

Results claim_results(const RowResult& row, const std::vector<double>& floor) {
  Results results;
  results.rows = {claim_row(kNoiseFloor, floor, {.epsilon = 0}), row};
  return results;
}

std::string line(const RowResult& row, const std::vector<double>& floor = {0, 0, 0, 0}) {
  return claim_line(claim_results(row, floor), row);
}

TEST(ClaimLine, SaysWhatIsClaimedAndAssumed) {
  EXPECT_THAT(
      line(claim_row("noisy", {0, 0.2, 0, 0})),
      AllOf(HasSubstr("noisy claims epsilon = 1 at delta = 1e-05"),
            HasSubstr("if the loss is smooth (1 checked)"), Not(HasSubstr("linear")),
            HasSubstr("not disproved: U-LiRA shows 0.2 at most"), Not(HasSubstr("DISPROVED"))));
  EXPECT_EQ(line(claim_row("plain", {3, 3, 3, 3}, {.epsilon = 0})), "");
}

TEST(ClaimLine, IsDisprovedByMoreModelsThanChanceExplains) {
  EXPECT_THAT(line(claim_row("wrong", {2, 1.5, 0, 0})),
              HasSubstr("DISPROVED: U-LiRA shows more on 2 of 4 models, up to 2"));
  // One of four comes about by chance in 19 % of cases.
  EXPECT_THAT(line(claim_row("lucky", {2, 0, 0, 0})), Not(HasSubstr("DISPROVED")));
}

TEST(ClaimLine, TrustsNoAttackThatSaysNothing) {
  const RowResult row = claim_row("wrong", {2, 2, 2, 2});
  EXPECT_THAT(line(row, {1, 1, 1, 1}),
              AllOf(Not(HasSubstr("DISPROVED")), HasSubstr("tells the oracles' sets apart too")));
}

// A bound at 1e-5 says nothing of a larger delta, and the one at the claim's own does.
TEST(ClaimLine, HoldsAnAttackAtTheClaimsOwnDeltaAgainstIt) {
  EXPECT_THAT(line(claim_row("larger", {2, 2, 2, 2}, {.delta = 1e-4})),
              HasSubstr("not attacked: measure ulira_epsilon"));
  EXPECT_THAT(line(claim_row("smaller", {2, 2, 2, 2}, {.delta = 1e-6})), HasSubstr("DISPROVED"));
  const Claimed own{.delta = 1e-4, .column = "ulira_claim_epsilon"};
  EXPECT_THAT(line(claim_row("own", {2, 2, 2, 2}, own)), HasSubstr("DISPROVED: U-LiRA shows"));
  const Claimed other{.delta = 1e-4, .column = "lira_claim_epsilon"};
  EXPECT_THAT(line(claim_row("other", {2, 2, 2, 2}, other)), HasSubstr("DISPROVED: LiRA shows"));
  EXPECT_THAT(line(claim_row("none", {2, 2, 2, 2}, {.column = "loss/test"})),
              HasSubstr("not attacked: measure ulira_epsilon"));
}

TEST(ClaimLine, SaysWhatItIsOf) {
  EXPECT_THAT(line(claim_row("m", {0, 0, 0}, {.mu = 0.25})),
              HasSubstr("at delta = 1e-05, mu = 0.25, of all releases together, if"));
  EXPECT_THAT(line(claim_row("m", {0, 0, 0}, {.covers = "each release"})),
              HasSubstr("at delta = 1e-05, of each release by itself, if"));
}

}  // namespace
}  // namespace oubli
