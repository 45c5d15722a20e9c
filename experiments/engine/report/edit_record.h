// The record of one edit of one deployed model: what went in, what was done, what came out, so that
// it can be checked later. `oubli apply` writes it beside the edited weights:
//
//   DIR/edited.safetensors   the edited weights, with the names and types of the given ones
//   DIR/original.safetensors what was edited, where oubli trained it
//   DIR/forget_set.txt       rows that were removed (added_set.txt: that were added), and their ids
//   DIR/resolved.yaml        every setting; runs again
//   DIR/record.json          this record, with the SHA-256 of all of these and of what went in
//   DIR/record.md            the same for people
//   DIR/report.html          the same as a page to file
//
// Each request of a sequence has the time at which it was first answered: a record that goes on
// from an earlier one takes it over.
//
// A record says what was done. It proves nothing about what the edited model still knows: for that
// hold the method against retrained models (`oubli run`), or use one with a guarantee.
#pragma once

#include <filesystem>

#include "core/nn/model.h"
#include "experiments/engine/plan/experiment.h"
#include "experiments/engine/report/result_folder.h"

namespace oubli {

// What is known of the edit once it is made.
struct MadeEdit {
  const MethodRow& row;
  const Model& before;
  const Model& after;
  Json report;             // the method's
  Json earlier = nullptr;  // the record that it goes on from (earlier_record.h); null: none
};

inline constexpr const char* kRecordJson = "record.json";
inline constexpr const char* kRecordText = "record.md";
inline constexpr const char* kRecordPage = "report.html";

// Replaces what an earlier edit wrote, as a whole. The record.
Json write_edit(const ResultFolder& folder, const Experiment& experiment, const MadeEdit& edit);

// Throws Error(kData) for what is no record, FileError for what cannot be read.
Json read_edit_record(const std::filesystem::path& path);

// The SHA-256 of the values of each part of the data: training, validation, test.
Json data_parts(const Experiment& experiment);

}  // namespace oubli
