// Training: from a recipe, a set and a generator to trained parameters. The original model, every
// oracle and every method that fine-tunes go through here, so that they cannot differ in details.
#pragma once

#include <cstdint>
#include <string>

#include "core/base/context.h"
#include "core/base/settings.h"
#include "core/nn/model.h"
#include "core/train/objective.h"
#include "core/train/optimizer.h"
#include "core/train/schedule.h"

namespace oubli {

// Random changes of training images; evaluation never augments.
struct Augmentation {
  std::int64_t crop = 0;  // pixels of zero padding, then a random crop of the original size
  bool flip = false;      // left to right with probability 1/2

  bool any() const { return crop > 0 || flip; }
  static Augmentation read(const Settings& parent);  // `augment: {crop: 4, flip: true}`
};

// Returns augmented images [b, c, h, w]; each example draws its own offset and flip.
Tensor augment(const Tensor& images, const Augmentation& augmentation, Generator& generator);

struct TrainingRecipe {
  Objective objective;
  OptimizerSettings optimizer;
  Schedule schedule;
  Augmentation augmentation;
  std::int64_t epochs = 1;
  std::int64_t batch_size = 128;
  // Whether a last batch that is smaller than the others is left out of an epoch; a first one never
  // is.
  bool drop_last = false;
  // Euclidean norm that a batch gradient is scaled down to; 0 for no limit.
  double clip_norm = 0;

  static TrainingRecipe read(const Settings& settings);
};

enum class TrainingStatus {
  kCompleted,         // all epochs
  kConverged,         // the gradient's norm is below the tolerance
  kMaxIterations,     // it is not, and no iterations are left
  kLineSearchFailed,  // it is not, and no step lowers the objective any more
  kNoMinimum,         // the objective has none: where iterations ended says nothing
  kDiverged,          // not usable: parameters or objective are not finite
  kStopped,           // ended from outside or by the budget
};
std::string to_string(TrainingStatus status);

struct TrainingReport {
  TrainingStatus status = TrainingStatus::kCompleted;
  std::string message;
  double epochs = 0;
  double loss = 0;  // mean loss over the set at the end, without the regulariser
  double objective = 0;
  double gradient_norm = 0;  // of the objective over the set at the end
  double sample_gradients = 0;
  double seconds = 0;

  bool usable() const { return status != TrainingStatus::kDiverged; }
  Json to_json() const;
};

// Minimises the recipe's objective over `subset`, starting from the model's parameters. Draws the
// order from the context's stream "order" and augmentation from "augmentation". A non-finite
// parameter or objective ends with the status Diverged. Full-batch training without a regulariser
// that classifies all examples ends with NoMinimum: larger outputs, such as a last linear layer
// gives when it grows, lower the loss without end. The evaluation of the closing loss and
// gradient norm is not counted as cost.
TrainingReport train(Model& model, const Subset& subset, const TrainingRecipe& recipe,
                     Context& context);

}  // namespace oubli
