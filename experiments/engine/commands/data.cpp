// `oubli data fetch NAME`: downloads a data set.
#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>
#include <string>

#include "core/base/text.h"
#include "datasets/fetch.h"
#include "experiments/engine/commands/command.h"
#include "experiments/engine/commands/size_text.h"

namespace oubli {
namespace {

struct FetchCommand {
  std::string name;
  std::string from;
  std::string data;
};

void fetch_data(const FetchCommand& command) {
  const bool terminal = ::isatty(STDERR_FILENO) != 0;
  FetchOptions options{
      .from = command.from, .destination = command.data, .progress = {}, .on_wait = {}};
  options.progress = [&](const FetchProgress& progress) {
    if (!terminal) return;
    const std::string total =
        progress.total > 0 ? " of " + size_text(static_cast<double>(progress.total)) : "";
    fmt::print(stderr, "\r\x1b[K{}: {}{}", progress.file,
               size_text(static_cast<double>(progress.done)), total);
  };
  options.on_wait = [](const std::string& holder) {
    fmt::print(stderr, "waiting for {}, which fetches the same data set\n", holder);
  };
  const FetchReport report = fetch_dataset(command.name, options);
  if (terminal) fmt::print(stderr, "\r\x1b[K");
  for (const std::string& file : report.fetched) fmt::print("fetched and checked: {}\n", file);
  for (const std::string& file : report.already_there) fmt::print("already there: {}\n", file);
  fmt::print("{} is in {}\n", command.name, printable(report.folder.string()));
}

}  // namespace

void add_data_command(CLI::App& program, CommandContext&) {
  const auto fetch = std::make_shared<FetchCommand>();
  CLI::App* data = program.add_subcommand("data", "get data sets");
  data->require_subcommand(1);
  CLI::App* get = data->add_subcommand("fetch", "download a data set, or resume, and check it");
  get->add_option("NAME", fetch->name, "mnist, fashion_mnist, cifar10 or cifar100")->required();
  get->add_option("--from", fetch->from, "mirror: an address or a folder");
  get->add_option("--data", fetch->data, "where to put it (or OUBLI_DATA)");
  get->callback([fetch] { fetch_data(*fetch); });
}

}  // namespace oubli
