// What the inputs of a table are shifted and scaled by, and what stands where nothing is written,
// as somebody wrote it down: a model that was trained on a larger table sees its rows as it did
// then.
//
//   standardise: {from: edited/record.json}
//
//   {"inputs": [{"name": "age", "mean": 48.9, "deviation": 18.1},
//               {"name": "city=Lyon"}, {"name": "spend", "mean": 24, "deviation": 15.6,
//                                       "missing": 24}]}
//
// `oubli apply` writes `inputs` into record.json; a list by hand is as good. An input without mean
// and deviation is taken as it is, `missing` is before they are applied.
//
// Errors: Error(kData), with the place in the settings that names the file, where it is no such
// list, or has other inputs than the table, or the same in another order.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "core/base/error.h"

namespace oubli {

struct GivenInput {
  std::string name;
  double mean = 0, deviation = 1;
  std::optional<double> missing = {};
};

class GivenInputs {
 public:
  GivenInputs() = default;  // none
  GivenInputs(const std::filesystem::path& file, const Origin& origin);

  bool empty() const { return inputs_.empty(); }
  const std::vector<GivenInput>& all() const { return inputs_; }
  // Of one input; none where it is not given.
  std::optional<double> missing(const std::string& name) const;
  // Throws unless `names` are the given ones, in their order; `table` is the file that has them.
  void require_same(const std::vector<std::string>& names, const std::string& table) const;

 private:
  std::string where_;
  std::vector<GivenInput> inputs_;
};

}  // namespace oubli
