#include "experiments/engine/plan/stage_kind.h"

namespace oubli {

std::string to_string(StageKind kind) {
  switch (kind) {
#define OUBLI_STAGE(kind, name, model, type) \
  case StageKind::kind:                      \
    return name;
#include "experiments/engine/plan/stage_kinds.def"
#undef OUBLI_STAGE
  }
  return "";
}

std::string model_name(StageKind kind) {
  switch (kind) {
#define OUBLI_STAGE(kind, name, model, type) \
  case StageKind::kind:                      \
    return model;
#include "experiments/engine/plan/stage_kinds.def"
#undef OUBLI_STAGE
  }
  return "";
}

}  // namespace oubli
