#include "experiments/engine/report/claims.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace oubli {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

RowResult claim_row(const std::string& name, const std::vector<double>& attack, double epsilon = 1,
                    double delta = 1e-5) {
  const Json assumptions = {{{"text", "the loss is smooth"}, {"status", "assumed"}},
                            {{"text", "the model is linear"}, {"status", "checked"}}};
  RowResult row;
  row.name = name;
  for (std::size_t i = 0; i < attack.size(); ++i) {
    ModelResult model;
    model.training_seed = static_cast<std::int64_t>(i);
    model.status = "completed";
    model.values["ulira_epsilon"] = attack[i];
    if (epsilon > 0) {
      model.values["certified_epsilon"] = epsilon;
      model.values["certified_delta"] = delta;
      model.report["details"]["certificate"]["assumptions"] = assumptions;
    }
    row.models.push_back(model);
  }
  return row;
}

Results claim_results(const RowResult& row, const std::vector<double>& floor) {
  Results results;
  results.rows = {claim_row(kNoiseFloor, floor, 0), row};
  return results;
}

std::string line(const RowResult& row, const std::vector<double>& floor = {0, 0, 0, 0}) {
  return claim_line(claim_results(row, floor), row);
}

TEST(ClaimLine, SaysWhatIsClaimedAndAssumed) {
  EXPECT_THAT(line(claim_row("noisy", {0, 0.2, 0, 0})),
              AllOf(HasSubstr("noisy claims epsilon = 1 at delta = 1e-05"),
                    HasSubstr("if the loss is smooth"), Not(HasSubstr("linear")),
                    Not(HasSubstr("DISPROVED"))));
  EXPECT_EQ(line(claim_row("plain", {3, 3, 3, 3}, 0)), "");
}

TEST(ClaimLine, IsDisprovedByMoreModelsThanChanceExplains) {
  EXPECT_THAT(line(claim_row("wrong", {2, 1.5, 0, 0})),
              HasSubstr("DISPROVED: U-LiRA shows more on 2 of 4 models, up to 2"));
  // One of four comes about by chance in 19 % of cases.
  EXPECT_THAT(line(claim_row("lucky", {2, 0, 0, 0})), Not(HasSubstr("DISPROVED")));
}

TEST(ClaimLine, TrustsNoAttackThatSaysNothing) {
  const RowResult row = claim_row("wrong", {2, 2, 2, 2});
  EXPECT_THAT(line(row, {1, 1, 1, 1}), Not(HasSubstr("DISPROVED")));
  EXPECT_THAT(line(claim_row("other delta", {2, 2, 2, 2}, 1, 1e-3)), Not(HasSubstr("DISPROVED")));
}

}  // namespace
}  // namespace oubli
