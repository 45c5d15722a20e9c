// How a training run inside a method becomes the method's report.
#pragma once

#include "core/train/trainer.h"
#include "core/unlearn/report.h"

namespace oubli {

UnlearnReport report_of(const TrainingReport& training);

}  // namespace oubli
