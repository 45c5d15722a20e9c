// Seconds per epoch of the training loop on MNIST, by the clock and of the processor: the
// counterpart of train_pytorch.py.
#include <ATen/Parallel.h>
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdio>
#include <ctime>

#include "core/base/memory.h"
#include "core/base/settings_file.h"
#include "experiments/engine/registries.h"

int main(int argc, char** argv) {
  std::string data, name = "mlp";
  int epochs = 3, threads = 2;
  CLI::App app("Seconds per epoch of oubli's training loop on MNIST");
  app.add_option("--data", data, "folder of data sets")->required();
  app.add_option("--model", name, "mlp or lenet5")->check(CLI::IsMember({"mlp", "lenet5"}));
  app.add_option("--epochs", epochs, "epochs to time")->check(CLI::PositiveNumber);
  app.add_option("--threads", threads, "threads")->check(CLI::PositiveNumber);
  CLI11_PARSE(app, argc, argv);
  try {
    oubli::keep_freed_memory();
    at::set_num_threads(threads);
    const oubli::Registries registries = oubli::builtin_registries();
    const oubli::Settings all_of_it(oubli::parse_settings("validation_fraction: 0", "bench"));
    const oubli::LoadedData loaded =
        registries.datasets.find("mnist").configure(all_of_it)(oubli::default_data_folders(data));
    const auto dataset = std::make_shared<const oubli::Dataset>(loaded.dataset);
    const oubli::Settings settings(
        oubli::parse_settings(name == "mlp" ? "hidden: [256, 128]" : "{}", "bench"));
    const oubli::Network network = registries.architectures.find(name).configure(settings)(
        {dataset->input_shape(), dataset->outputs});
    oubli::Model model(network.layers, network.table, at::kFloat);
    oubli::Generator start(0);
    model.initialise(start);
    oubli::TrainingRecipe recipe;
    recipe.optimizer = {.name = "sgd", .lr = 0.05, .momentum = 0.9};
    recipe.batch_size = 128;
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
    const oubli::Json answer = {{"model", name},
                                {"seconds_per_epoch", seconds},
                                {"processor_seconds_per_epoch", processor}};
    fmt::print("{}\n", answer.dump());
  } catch (const std::exception& error) {
    fmt::print(stderr, "bench_training: {}\n", error.what());
    return 2;
  }
  return 0;
}
