#include "core/unlearn/training_procedure.h"

#include <fmt/format.h>

#include "core/unlearn/procedures/procedure.h"

namespace oubli {
namespace {

struct NamedProcedure {
  const char* name;
  Procedure train;
};

#define OUBLI_PROCEDURE(name) {#name, name##_training},
constexpr NamedProcedure kProcedures[] = {
#include "core/unlearn/procedures/procedures.def"
};
#undef OUBLI_PROCEDURE

}  // namespace

TrainingReport train_by_plan(Model& model, const Subset& subset, const TrainingPlan& plan,
                             Context& context, MethodState& record) {
  for (const NamedProcedure& procedure : kProcedures) {
    if (plan.procedure == procedure.name) {
      return procedure.train(model, subset, plan, context, record);
    }
  }
  throw Error(ErrorKind::kUsage,
              fmt::format("there is no training procedure '{}'", plan.procedure));
}

}  // namespace oubli
