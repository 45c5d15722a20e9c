// The tensors of a data file, taken by name. What does not fit is noted, and told all at once.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "core/data/row_column.h"
#include "core/nn/tensor_file.h"

namespace oubli {

class ArrayFile {
 public:
  // Errors: those of read_tensors.
  explicit ArrayFile(const std::filesystem::path& path);

  const std::string& where() const { return where_; }
  bool has(const std::string& name) const { return tensors_.contains(name); }

  // Each notes what does not fit, and returns an undefined tensor or an empty column where its
  // shape does not. `named_by` is the setting that has the name.
  //
  // Examples [n, ...], all finite: as they are where they are bytes, float32 or float64; other
  // numbers as the narrowest of both that holds them.
  Tensor inputs(const std::string& name, const std::string& named_by);
  // One target for each of `count` examples: classes, int64 [n], or numbers, floating [n, outputs].
  // `task`: auto has whole numbers stand for classes and others for numbers.
  Tensor targets(const std::string& name, const std::string& named_by, std::int64_t count,
                 const std::string& task);
  // One number for each of `count` examples; `names_rows`: whole numbers, kept as texts.
  RowColumn column(const std::string& name, const std::string& named_by, std::int64_t count,
                   bool names_rows);

  void note(const std::string& name, const std::string& fault);
  // Error(kData) with every fault that was noted, a line each.
  void throw_noted() const;

 private:
  Tensor find(const std::string& name, const std::string& named_by);
  void note_where_not_finite(const std::string& name, const Tensor& values);
  Tensor classes(const std::string& name, const Tensor& found);

  std::string where_;
  std::map<std::string, Tensor> tensors_;
  std::vector<std::string> faults_;
  bool lacks_any_ = false;
};

// "float32 [100, 8]".
std::string array_text(const Tensor& tensor);

}  // namespace oubli
