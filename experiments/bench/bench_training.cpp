// Seconds per epoch of the training loop, by the clock and of the processor: networks for images on
// MNIST, a decoder on biographies. The counterpart of train_pytorch.py.
#include <ATen/Parallel.h>
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdio>
#include <ctime>

#include "core/base/memory.h"
#include "experiments/bench/workload.h"

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
    oubli::Workload work = oubli::make_workload(registries, name, data);
    oubli::TrainingRecipe recipe;
    recipe.optimizer = work.optimizer;
    recipe.batch_size = work.batch_size;
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
    oubli::train(*work.model, {work.dataset, work.train, {}}, recipe, context);
    const oubli::Sequences& sequences = work.dataset->sequences;
    const oubli::Json answer = {
        {"model", name},
        {"seconds_per_epoch", seconds},
        {"tokens", sequences.defined()
                       ? sequences.next.index_select(0, work.train).ge(0).sum().item<std::int64_t>()
                       : 0},
        {"processor_seconds_per_epoch", processor}};
    fmt::print("{}\n", answer.dump());
  } catch (const std::exception& error) {
    fmt::print(stderr, "bench_training: {}\n", error.what());
    return 2;
  }
  return 0;
}
