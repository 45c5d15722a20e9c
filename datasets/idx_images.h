// Data sets in the four files of MNIST: images and labels, for training and for test, in IDX
// format, plain or packed by gzip, in FOLDER/<name>/ or FOLDER itself.
//
// Rows are the training files' examples in file order, then the test files'.
//
// Settings: normalise {mean, deviation}, and the split settings of datasets/split.h. The validation
// set is 1/12 of the training files by default: 5000 of 60000.
// Errors: Error(kData) with file and offset where a file is not what it should be, where images and
// labels differ in number, training and test images in size, and where a label is out of range.
#pragma once

#include <string>
#include <vector>

#include "datasets/normalisation.h"
#include "datasets/source.h"

namespace oubli {

struct IdxImages {
  std::string name;
  std::string summary;
  Normalisation normalisation;
  std::vector<std::string> class_names;
  // Since the files of these data sets bear the same names, one can be taken for the other: the
  // name of another data set and the MD5 of its training labels, unpacked. May be empty.
  std::string other_name;
  std::string other_labels_md5;
};

DataSource idx_image_source(IdxImages format);

}  // namespace oubli
