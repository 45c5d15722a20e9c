// What the benchmarks train: networks for images on MNIST, a decoder on biographies.
#pragma once

#include <memory>
#include <string>

#include "core/base/settings_file.h"
#include "experiments/engine/registries.h"

namespace oubli {

struct Workload {
  std::shared_ptr<const Dataset> dataset;
  Tensor train;  // rows
  std::unique_ptr<Model> model;
  OptimizerSettings optimizer;
  std::int64_t batch_size = 0;
};

// `model` is the name of an architecture, in float32, initialised from seed 0.
inline Workload make_workload(const Registries& registries, const std::string& model,
                              const std::string& data_folder) {
  const bool language = model == "gpt";
  const Settings data_settings(
      parse_settings(language ? "filler: 0" : "validation_fraction: 0", "bench"));
  const LoadedData loaded = registries.datasets.find(language ? "biographies" : "mnist")
                                .configure(data_settings)(default_data_folders(data_folder));
  Workload made;
  made.dataset = std::make_shared<const Dataset>(loaded.dataset);
  made.train = loaded.splits.train;
  const Settings settings(parse_settings(model == "mlp" ? "hidden: [256, 128]" : "{}", "bench"));
  const Network network = registries.architectures.find(model).configure(settings)(
      {made.dataset->input_shape(), made.dataset->outputs, made.dataset->sequences.positions()});
  made.model = std::make_unique<Model>(network.layers, network.table, at::kFloat);
  Generator start(0);
  made.model->initialise(start);
  made.optimizer = language ? OptimizerSettings{.name = "adamw", .lr = 3e-3, .weight_decay = 0.01}
                            : OptimizerSettings{.name = "sgd", .lr = 0.05, .momentum = 0.9};
  made.batch_size = language ? 320 : 128;
  return made;
}

}  // namespace oubli
