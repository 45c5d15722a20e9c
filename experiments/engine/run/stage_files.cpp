#include "experiments/engine/run/stage_files.h"

#include "core/nn/checkpoint.h"
#include "core/nn/tensor_file.h"

namespace oubli {

void write_json(const std::filesystem::path& path, const Json& json) {
  // Text was checked where it came in; what a library says may still hold anything.
  write_file(path, json.dump(1, ' ', false, Json::error_handler_t::replace) + "\n");
}

Json read_json(const Store& store, const std::string& key, const std::string& file) {
  return Json::parse(store.read(key, file));
}

Model stored_model(const Experiment& experiment, const Store& store, const Stage& stage) {
  // Untrained models are of all variants.
  Model model = stage.kind == StageKind::kInitial ? experiment.make_model()
                                                  : experiment.make_model(stage.variant);
  const std::string where = (store.entry(stage.key) / kModelFile).string();
  load_weights(model, parse_tensors(store.read(stage.key, kModelFile), where), where);
  return model;
}

namespace {
constexpr const char* kValues = "values";
}

void write_state(const std::filesystem::path& path, const MethodStatePtr& state) {
  if (state == nullptr) return;
  write_tensors(path, {state->tensors, {{kValues, state->values.dump()}}});
}

MethodStatePtr stored_state(const Store& store, const Stage& stage, const char* name) {
  const std::filesystem::path path = store.entry(stage.key) / name;
  if (!is_there(path)) return nullptr;
  TensorFile file = parse_tensors(store.read(stage.key, name), path.string());
  return std::make_shared<const MethodState>(
      MethodState{Json::parse(file.metadata.at(kValues)), std::move(file.tensors)});
}

}  // namespace oubli
