// Seconds per epoch of the training loop, by the clock and of the processor: networks for images on
// MNIST, a decoder on biographies. The counterpart of train_pytorch.py.
#include <ATen/Parallel.h>
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdio>
#include <ctime>

#include "core/base/memory.h"
#include "core/base/settings_file.h"
#include "experiments/engine/registries.h"

namespace {

// What a model is trained on, from which settings, and how.
struct Task {
  const char* data;
  const char* data_settings;
  const char* model_settings;
  oubli::OptimizerSettings optimizer;
  std::int64_t batch_size;
};

Task task_of(const std::string& model) {
  if (model == "gpt") {
    return {
        "biographies", "filler: 0", "{}", {.name = "adamw", .lr = 3e-3, .weight_decay = 0.01}, 320};
  }
  return {"mnist",
          "validation_fraction: 0",
          model == "mlp" ? "hidden: [256, 128]" : "{}",
          {.name = "sgd", .lr = 0.05, .momentum = 0.9},
          128};
}

}  // namespace

int main(int argc, char** argv) {
  std::string data, name = "mlp";
  int epochs = 3, threads = 2;
  CLI::App app("Seconds per epoch of oubli's training loop");
  app.add_option("--data", data, "folder of data sets")->required();
  app.add_option("--model", name, "mlp, lenet5 or gpt")
      ->check(CLI::IsMember({"mlp", "lenet5", "gpt"}));
  app.add_option("--epochs", epochs, "epochs to time")->check(CLI::PositiveNumber);
  app.add_option("--threads", threads, "threads")->check(CLI::PositiveNumber);
  CLI11_PARSE(app, argc, argv);
  try {
    oubli::keep_freed_memory();
    at::set_num_threads(threads);
    const oubli::Registries registries = oubli::builtin_registries();
    const Task task = task_of(name);
    const oubli::Settings all_of_it(oubli::parse_settings(task.data_settings, "bench"));
    const oubli::LoadedData loaded =
        registries.datasets.find(task.data).configure(all_of_it)(oubli::default_data_folders(data));
    const auto dataset = std::make_shared<const oubli::Dataset>(loaded.dataset);
    const oubli::Settings settings(oubli::parse_settings(task.model_settings, "bench"));
    const oubli::Network network = registries.architectures.find(name).configure(settings)(
        {dataset->input_shape(), dataset->outputs, dataset->sequences.positions()});
    oubli::Model model(network.layers, network.table, at::kFloat);
    oubli::Generator start(0);
    model.initialise(start);
    oubli::TrainingRecipe recipe;
    recipe.optimizer = task.optimizer;
    recipe.batch_size = task.batch_size;
    recipe.epochs = epochs;
    oubli::Context context(0);
    std::vector<double> seconds, processor;
    auto last = std::chrono::steady_clock::now();
    std::clock_t last_processor = std::clock();
    context.progress = [&](double) {  // called at the end of each epoch
      const auto now = std::chrono::steady_clock::now();
      const std::clock_t now_processor = std::clock();
      seconds.push_back(std::chrono::duration<double>(now - last).count());
      processor.push_back(static_cast<double>(now_processor - last_processor) / CLOCKS_PER_SEC);
      last = now;
      last_processor = now_processor;
    };
    oubli::train(model, {dataset, loaded.splits.train, {}}, recipe, context);
    const oubli::Json answer = {
        {"model", name},
        {"seconds_per_epoch", seconds},
        {"tokens", dataset->sequences.defined()
                       ? dataset->sequences.next.index_select(0, loaded.splits.train)
                             .ge(0)
                             .sum()
                             .item<std::int64_t>()
                       : 0},
        {"processor_seconds_per_epoch", processor}};
    fmt::print("{}\n", answer.dump());
  } catch (const std::exception& error) {
    fmt::print(stderr, "bench_training: {}\n", error.what());
    return 2;
  }
  return 0;
}
