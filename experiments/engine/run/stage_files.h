// The files that finished stages left in the store.
#pragma once

#include <filesystem>
#include <string>

#include "experiments/engine/plan/plan.h"
#include "experiments/engine/run/store.h"

namespace oubli {

// Names of the files of an entry.
inline const char* const kModelFile = "model.safetensors";
inline const char* const kPredictionsFile = "predictions.safetensors";
inline const char* const kReportFile = "report.json";
inline const char* const kRecordFile = "record.safetensors";  // of a training, for methods
inline const char* const kStateFile = "state.safetensors";    // of a method, for its next request
inline const char* const kRelearningFile = "relearning.json";
inline const char* const kRttFile = "rtt.json";
inline const char* const kMetricsFile = "metrics.json";
inline const char* const kEffectsFile = "effects.safetensors";  // of an attribution
inline const char* const kLeftOutFile = "left_out.safetensors";

void write_json(const std::filesystem::path& path, const Json& json);
// A file of an entry; throws DamagedEntry where it is not as it was written.
Json read_json(const Store& store, const std::string& key, const std::string& file);

// The model that a finished stage made.
Model stored_model(const Experiment& experiment, const Store& store, const Stage& stage);

// What a method remembers (core/unlearn/method_state.h); nothing is written where it is null, and
// null is read where nothing was written.
void write_state(const std::filesystem::path& path, const MethodStatePtr& state);
MethodStatePtr stored_state(const Store& store, const Stage& stage, const char* file = kStateFile);

}  // namespace oubli
