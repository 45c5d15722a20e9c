#include "tests/support/small_run.h"

#include <gtest/gtest.h>

#include "tests/support/program.h"
#include "tests/support/temporary_folder.h"

namespace oubli::testing {

const SmallRun& small_run() {
  static const TemporaryFolder scratch;
  static const SmallRun run = [] {
    const std::string file = scratch.write("small.yaml", R"(
title: small
data: {name: digits, limit: {train: 300, test: 100}}
model: {name: logistic}
train: {l2: 1.0e-3, optimizer: {name: sgd, lr: 0.2, momentum: 0.9}, epochs: 10, batch_size: 32}
edit: {remove: {mislabelled: {fraction: 0.1}}}
methods:
  - retrain
  - finetune: {sweep: {over: {lr: [0.01, 0.1]}}}
  - gradient_ascent
seeds: {training: 4, oracle: 6, shadow: 8}
measure: [accuracy, loss, divergence, membership, ulira, relearning, layer_distance, cost]
)");
    const SmallRun made = {scratch.path() / "results", scratch.path() / "store"};
    const ProgramResult result =
        run_program({"run", file, "--store", made.store, "--output", made.folder});
    EXPECT_EQ(result.status, 0) << result.err;
    for (const std::vector<std::string>& beside :
         {std::vector<std::string>{"influence", file, "--test", "3", "--retrain", "1"},
          {"curvature", file, "--curvature", "ggn", "--probes", "3"}}) {
      std::vector<std::string> command = beside;
      command.insert(command.end(), {"--store", made.store, "--output", made.folder});
      const ProgramResult wrote = run_program(command);
      EXPECT_EQ(wrote.status, 0) << wrote.err;
      EXPECT_NE(wrote.out.find("`oubli report "), std::string::npos) << wrote.out;
    }
    EXPECT_EQ(run_program({"report", made.folder}).status, 0);
    return made;
  }();
  return run;
}

}  // namespace oubli::testing
