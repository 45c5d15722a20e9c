// Which facts an experiment file asks for: the settings of `facts` and `subjects`
// (fact_choice.h has their grammar).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "datasets/selectors/amount.h"
#include "datasets/selectors/ids.h"

namespace oubli {

struct WantedFacts {
  static constexpr const char* kOther = "other";
  static constexpr const char* kWritten = "";  // as the file says

  bool are_subjects = false;
  Origin origin;
  std::optional<Amount> amount;  // of all that are like this, where there is none
  // Of subjects: that a fact which is said of them is to have.
  std::string relation, object;
  std::string to;
  Origin relation_origin, object_origin, to_origin, repeats_origin, first_seen_origin, names_origin;
  std::int64_t repeats = 0;  // 0: any
  std::optional<double> first_seen;
  std::vector<std::string> names;
  IdFile file;
  bool has_file = false;
};

// Reads the key facts or subjects; `changes`: whether `to` is read. Error(kSettings) where two keys
// say two things.
WantedFacts read_wanted_facts(const Settings& parent, bool are_subjects, bool changes);

// The level of a text in a column. Error(kTask), located at the origin, where no row has it.
std::int32_t required_level(const Dataset& dataset, const char* column, const std::string& text,
                            const Origin& origin);

}  // namespace oubli
