// Training on random labels in place of the forget set's own: by itself (methods/random_labels.cpp)
// and under a mask (methods/salun.cpp).
#pragma once

#include "core/base/context.h"
#include "core/base/settings.h"
#include "core/train/descent.h"
#include "core/unlearn/task.h"

namespace oubli {

struct RandomLabelSettings {
  bool each_time = true;  // drawn for each batch over all classes; else once over the others
  static RandomLabelSettings read(const Settings& settings);
};

// Throws Error(kTask) where the data has no two classes.
void require_classes(const Task& task, const std::string& method);

// All epochs of the descent. Labels are drawn from the context's stream "labels".
void descend_on_random_labels(Descent& descent, const Task& task,
                              const RandomLabelSettings& settings, Context& context);

}  // namespace oubli
