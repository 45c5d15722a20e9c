// For examples, the nearest inputs that a model takes for another class than theirs.
//
//   x'  the first point, on a projected gradient ascent of the loss from x within a ball of radius
//       r, that the model does not take for y;   r = radius, 2 radius, 4 radius, ...
//   y'  the class that it takes it for
//
// so that |x' - x| is at most about twice the distance to the nearest boundary, where the ascent
// leads there. An example that the model is wrong about is its own x'. Each of the `steps` is 2.5 r
// / steps long (Madry et al. 2018, arXiv 1706.06083), in L2 and of inputs as the network sees them;
// images stay within the range of the set's own values. Evaluation mode.
#pragma once

#include "core/base/context.h"
#include "core/base/settings.h"
#include "core/train/objective.h"

namespace oubli {

struct MistakeSearch {
  double radius = 0.1;          // the first
  std::int64_t doublings = 10;  // of it, at most
  std::int64_t steps = 50;      // within one
  // Reads radius, doublings and ascent_steps.
  static MistakeSearch read(const Settings& settings);
};

// Inputs and labels in place of those of some rows of a data set.
struct Replacements {
  Tensor rows;            // int64, ascending
  Tensor inputs, labels;  // normalised, and int64

  // Puts them into a batch that has some of the rows.
  void put(Batch& batch) const;
};

// Of the rows for which one was found. Ends early, with what it has, where the context asks for it.
// Cost: at most two products for each example, step and radius.
Replacements nearest_mistakes(const Model& model, const Subset& subset, const Objective& objective,
                              const MistakeSearch& search, Context& context);

}  // namespace oubli
