// What is said of a column wherever it is explained: by `oubli explain`, and in a page.
#pragma once

#include <string>

#include "core/evaluate/metric.h"

namespace oubli {

std::string group_words(ColumnGroup group);
std::string better_words(GoodSide better);

}  // namespace oubli
