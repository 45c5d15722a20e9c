// One way to choose the examples of an edit, and what all of them need. selection.h says what an
// experiment file may write.
#pragma once

#include <functional>
#include <string>

#include "core/base/error.h"
#include "datasets/selection.h"

namespace oubli {

// What a selector does once its settings are read.
using Choose = std::function<Selection(const Dataset&, const Splits&, const Generator&)>;

// Each reads the key of its name from the map that the selector stands in.
Choose read_random(const Settings& settings);
Choose read_whole_class(const Settings& settings);
Choose read_class_fraction(const Settings& settings);
Choose read_mislabelled(const Settings& settings);
Choose read_interclass(const Settings& settings);
Choose read_backdoor(const Settings& settings);
Choose read_noisy(const Settings& settings);
Choose read_biased(const Settings& settings);
Choose read_indices(const Settings& settings);
Choose read_ids(const Settings& settings);
Choose read_where(const Settings& settings);
Choose read_facts(const Settings& settings);
Choose read_subjects(const Settings& settings);

// Throws Error(kTask), located at the origin, where nothing is selected, or all there is.
void require_some_but_not_all(const Selection& selection, const Splits& splits,
                              const Origin& origin, const std::string& set);

// Error(kTask), located at the origin where there is one.
[[noreturn]] void fail_task(const Origin& origin, const std::string& message);

}  // namespace oubli
