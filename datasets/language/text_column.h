// A column of texts that is filled row by row.
#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>
#include <utility>

#include "core/data/row_column.h"

namespace oubli {

class TextColumn {
 public:
  // "" for nothing.
  void add(const std::string& text) {
    if (text.empty()) return column_.level_of.push_back(-1);
    const auto [found, is_new] =
        level_of_.try_emplace(text, static_cast<std::int32_t>(column_.levels.size()));
    if (is_new) column_.levels.push_back(text);
    column_.level_of.push_back(found->second);
  }
  std::int32_t last() const { return column_.level_of.back(); }  // level of the row added last
  RowColumn take() { return std::move(column_); }

 private:
  RowColumn column_;
  std::unordered_map<std::string, std::int32_t> level_of_;
};

}  // namespace oubli
