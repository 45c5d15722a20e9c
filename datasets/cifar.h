// The binary format of CIFAR-10 and CIFAR-100: records of one or two label bytes and 3072 pixels,
// the red, green and blue planes of 32 by 32, one after another.
//
// Source: A. Krizhevsky, 'Learning multiple layers of features from tiny images', 2009.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "datasets/normalisation.h"
#include "datasets/source.h"

namespace oubli {

// One way to label the records: which byte of a record, and the classes' names.
struct CifarLabels {
  std::string name;
  std::int64_t byte = 0;
  std::vector<std::string> class_names;
};

struct CifarFile {
  std::string name;
  std::int64_t records = 0;
};

struct CifarFormat {
  std::string name;
  std::string summary;
  std::string subfolder;            // as the published archive calls it
  std::vector<CifarLabels> labels;  // as many as label bytes; the default is the first
  std::vector<CifarFile> train_files;
  std::vector<CifarFile> test_files;
  Normalisation normalisation;
};

struct CifarRecords {
  Tensor images;  // uint8 [n, 3, 32, 32]
  Tensor labels;  // int64 [n]
};

// Reads one file, plain or packed by gzip. Throws Error(kData) with file and offset where the size
// is not a whole number of records, there are not `file.records` of them, or any label (the one
// asked for or another) is out of range.
CifarRecords read_cifar_file(const std::filesystem::path& folder, const CifarFile& file,
                             const CifarFormat& format, std::size_t chosen_labels);

// Rows are the training files' records in order, then the test files'. The files lie in
// FOLDER/<subfolder>, FOLDER/<name>/<subfolder>, FOLDER/<name> or FOLDER.
// Settings: labels (where there are several), normalise {mean, deviation}, and the split settings
// of datasets/split.h; the validation set is a tenth of the training files by default.
DataSource cifar_source(CifarFormat format);

}  // namespace oubli
