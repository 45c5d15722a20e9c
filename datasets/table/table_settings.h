// What an experiment file says about the columns of a table.
//
//   {name: csv, file: customers.csv, label: churned, task: classification,
//    id: customer_id, ignore: [name, note], categorical: [city, plan], dates: [signup],
//    missing: {age: mean, city: most_frequent}, delimiter: ";", decimal: ","}
#pragma once

#include <map>
#include <string>
#include <vector>

#include "core/base/settings.h"

namespace oubli {

// What stands for a field in which nothing is written.
enum class MissingRule { kError, kMean, kMostFrequent, kDrop };

// What a column is to the model.
enum class ColumnRole { kNumber, kDate, kCategory, kLabel, kId, kSplit, kIgnored };

struct TableSettings {
  std::string label;
  bool classification = true;
  std::string id;     // the column that names rows; "" for none
  std::string split;  // the column that says train, validation or test; "" for none
  std::vector<std::string> ignore, categorical, dates;
  MissingRule missing = MissingRule::kError;
  std::map<std::string, MissingRule> missing_of = {};  // columns with a rule of their own
  bool missing_indicator = true;
  std::map<std::string, Origin> origins = {};  // of the keys that name columns
  char delimiter = ',';
  char decimal = '.';

  static TableSettings read(const Settings& settings);
  // Every column that is named in the settings, by the key that names it.
  std::vector<std::pair<std::string, std::string>> named_columns() const;
  ColumnRole role_of(const std::string& column) const;
  MissingRule rule_of(const std::string& column) const;
};

}  // namespace oubli
