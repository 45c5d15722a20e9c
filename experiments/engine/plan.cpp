#include "experiments/engine/plan.h"

#include <fmt/format.h>

namespace oubli {

std::string to_string(StageKind kind) {
  switch (kind) {
    case StageKind::kTrain:
      return "train";
    case StageKind::kRetrain:
      return "retrain";
    case StageKind::kShadow:
      return "shadow";
    case StageKind::kAudit:
      return "audit";
    case StageKind::kInitial:
      return "initial";
    case StageKind::kSweep:
      return "sweep";
    case StageKind::kUnlearn:
      return "unlearn";
    case StageKind::kPredict:
      return "predict";
    case StageKind::kRelearn:
      return "relearn";
    case StageKind::kEvaluate:
      return "evaluate";
    case StageKind::kCompare:
      return "compare";
  }
  return "";
}

std::string model_name(StageKind kind) {
  switch (kind) {
    case StageKind::kRetrain:
      return "oracle";
    case StageKind::kShadow:
      return "shadow";
    case StageKind::kAudit:
      return "audit";
    case StageKind::kInitial:
      return "untrained";
    default:
      return "original";
  }
}

const Stage& Plan::find(const std::string& key) const {
  for (const Stage& stage : stages) {
    if (stage.key == key) return stage;
  }
  throw Error(ErrorKind::kUsage,
              fmt::format("no stage of this experiment has the key '{}'; `oubli check FILE --keys` "
                          "lists them. Was the file changed?",
                          key));
}

}  // namespace oubli
