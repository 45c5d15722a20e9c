#include "experiments/engine/report/column_words.h"

namespace oubli {

std::string group_words(ColumnGroup group) {
  switch (group) {
    case ColumnGroup::kPrivacy:
      return "privacy";
    case ColumnGroup::kUtility:
      return "utility";
    case ColumnGroup::kAttribution:
      return "attribution";
    case ColumnGroup::kCost:
      return "cost";
    case ColumnGroup::kBySet:
      return "privacy on the edited set, utility on other sets";
  }
  return "";
}

std::string better_words(GoodSide better) {
  switch (better) {
    case GoodSide::kOracle:
      return "as close as possible to the oracles' value (or the noise floor), not an extreme";
    case GoodSide::kLower:
      return "lower is better";
    case GoodSide::kHigher:
      return "higher is better";
  }
  return "";
}

}  // namespace oubli
