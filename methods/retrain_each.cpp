// Retraining at every request of a sequence: the baseline of every stream.
//
//   theta_k = A(D_k; seed),  D_k what is left after request k, one seed for all requests
//
// It differs from `retrain` in a sequence alone, whose seed is new at each request: here the
// parameters that training starts from and what it draws are the same each time (orders are of as
// many examples as are left), so that from one request to the next the model changes because the
// data does. At the first request it is `retrain`, bit for bit. Its memory is the seed and how
// often it has trained. Cost: n_r times the epochs, each time.
#include "core/unlearn/initial_training.h"
#include "core/unlearn/unlearner.h"

namespace oubli {
namespace {

class RetrainEach : public Unlearner {
 public:
  explicit RetrainEach(const Settings&) {}

  std::optional<double> estimate_cost(const Task& task) const override {
    if (task.recipe.optimizer.is_full_batch()) return std::nullopt;
    return static_cast<double>(task.retain.size() * task.recipe.epochs);
  }

  UnlearnReport unlearn(Model& model, const Task& task, Context& context) const override {
    MethodState state;
    state.values = task.state ? task.state->values
                              : Json{{"seed", context.generator.seed()}, {"retrainings", 0}};
    state.values["retrainings"] = state.values.at("retrainings").get<std::int64_t>() + 1;
    Context own = context;
    own.generator = Generator(state.values.at("seed").get<std::uint64_t>());
    UnlearnReport report = report_of(train_from_start(model, task.retain, task.recipe, own));
    context.cost = own.cost;
    report.details["retrained"] = true;
    report.details["retrainings"] = state.values.at("retrainings");
    report.state = std::make_shared<MethodState>(std::move(state));
    return report;
  }
};

}  // namespace

MethodInfo retrain_each_method() {
  return {.name = "retrain_each",
          .summary = "trains from scratch at every request, from one seed",
          .reference = "the definition of exact unlearning",
          .definition =
              "theta_k = the training recipe on what is left after request k, from parameters "
              "drawn with another seed than the original's, the same seed at each request.",
          .needs_retain_data = true,
          .needs_forget_data = false,
          .supports_adding = true,
          .takes_sequences = true,
          .exact = true,
          .make = make_unlearner<RetrainEach>};
}

}  // namespace oubli
