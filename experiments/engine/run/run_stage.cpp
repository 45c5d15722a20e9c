#include "experiments/engine/run/run_stage.h"

#include <fmt/format.h>

#include <filesystem>

#include "core/base/random.h"
#include "experiments/engine/environment.h"
#include "experiments/engine/run/input_contents.h"
#include "experiments/engine/run/stage_outputs.h"
#include "experiments/engine/run/stages/stage_type.h"

namespace oubli {

std::uint64_t random_seed(const Stage& stage) {
  const StageType type = type_of(stage.kind);
  if (type.stream == nullptr) {
    throw Error(ErrorKind::kUsage, fmt::format("a stage of the kind {} draws no random numbers",
                                               to_string(stage.kind)));
  }
  return Generator(static_cast<std::uint64_t>(stage.seed)).stream(type.stream(stage)).seed();
}

bool run_stage(const Experiment& experiment, const Plan& plan, const Stage& stage,
               const Registries& registries, const Store& store, const StageHost& host) {
  const Experiment& seen = experiment_of(experiment, stage);
  const StageOutputs outputs(seen, plan, store, host.memory);
  const auto work = [&](const std::filesystem::path& folder) {
    type_of(stage.kind).run({seen, plan, registries, outputs, host, stage, folder});
  };
  return store.produce({.key = stage.key,
                        .description = {{"label", stage.label},
                                        {"determined_by", stage.full_description()},
                                        {"made_by", build_record()},
                                        {"machine", machine_record()}},
                        .work = work,
                        .inputs = [&] { return InputContents(plan, store).of(stage); },
                        .on_wait = host.on_wait});
}

}  // namespace oubli
