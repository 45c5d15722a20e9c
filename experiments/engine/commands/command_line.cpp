#include "experiments/engine/commands/command_line.h"

#include <ATen/Parallel.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include "core/base/memory.h"
#include "core/curvature/curvature.h"
#include "experiments/engine/commands/commands.h"
#include "experiments/engine/environment.h"

namespace oubli {
namespace {

constexpr int kMostExamples = 1'000'000'000;

void add_run_options(CLI::App& command, RunOptions& options) {
  command.add_option("FILE", options.file, "experiment file (YAML)")->required();
  command.add_option("--set", options.overrides, "override a setting, as train.epochs=5")
      ->allow_extra_args(false);
  command.add_option("--data", options.data, "folder of data sets (or OUBLI_DATA)");
  command.add_option("--store", options.store, "folder of finished stages (or OUBLI_STORE)");
}

std::vector<std::string> option_names(const CLI::App& command) {
  std::vector<std::string> names;
  for (const CLI::Option* option : command.get_options()) {
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
  }
  return names;
}

// A misspelt command or option: what was meant. The library's own words would be that something was
// not expected.
void require_known_words(const CLI::App& app, int argc, char** argv) {
  if (argc < 2) {
    throw Error(ErrorKind::kSettings,
                "say what to do, such as `oubli run FILE`; `oubli --help` lists all commands.");
  }
  const CLI::App* command = &app;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    std::vector<std::string> commands;
    for (const CLI::App* sub : command->get_subcommands({})) {
      if (!sub->get_group().empty()) commands.push_back(sub->get_name());
    }
    if (!word.starts_with("-") && !commands.empty()) {
      if (std::find(commands.begin(), commands.end(), word) == commands.end()) {
        throw Error(ErrorKind::kSettings, unknown_name_message("command", word, commands));
      }
      command = command->get_subcommand(word);
    } else if (word.starts_with("--") && word.size() > 2) {
      const std::vector<std::string> names = option_names(*command);
      const std::string name = word.substr(0, word.find('='));
      if (std::find(names.begin(), names.end(), name) == names.end()) {
        throw Error(ErrorKind::kSettings, unknown_name_message("option", name, names));
      }
    }
  }
}

int run_command(int argc, char** argv, const Registries& registries) {
  CLI::App app("oubli: approximate unlearning of neural networks, measured against retraining",
               "oubli");
  app.require_subcommand(1);
  app.set_version_flag("--version", oubli_version());
  RunOptions options;
  FetchCommand fetch;
  CurvatureCommand curvature;
  InfluenceCommand influence;
  std::string name, other, key, store_folder, column = "avg_gap";
  std::vector<std::string> folders;
  int status = 0;

  CLI::App* run = app.add_subcommand("run", "run an experiment and print its table");
  add_run_options(*run, options);
  run->add_option("--output", options.output, "folder for results (default: results/NAME)");
  run->add_option("--jobs", options.jobs, "stages at once (default: all cores)")
      ->check(CLI::Range(1, 1024));
  run->callback([&] { status = run_experiment(options, registries); });

  CLI::App* check = app.add_subcommand("check", "validate an experiment and print its plan");
  add_run_options(*check, options);
  check->add_flag("--keys", options.show_keys, "list every stage with its key");
  check->callback([&] { status = check_experiment(options, registries); });

  CLI::App* stage = app.add_subcommand("stage", "run one stage of an experiment by its key");
  stage->add_option("KEY", key, "as `check --keys` prints it")->required();
  add_run_options(*stage, options);
  stage->callback([&] { status = run_one_stage(key, options, registries); });

  CLI::App* worker = app.add_subcommand("worker", "")->group("");  // started by `run`
  worker->callback([&] { status = run_worker(registries); });

  CLI::App* shape = app.add_subcommand("curvature",
                                       "show the spectrum of an original's curvature, the damping "
                                       "it needs and what a solve costs");
  add_run_options(*shape, curvature.run);
  shape->add_option("--curvature", curvature.curvature, "hessian (default), ggn, kfac or ekfac")
      ->check(CLI::IsMember(curvature_names()));
  shape->add_option("--steps", curvature.steps, "Lanczos steps for each probe (default: 40)")
      ->check(CLI::Range(2, 10'000));
  shape->add_option("--probes", curvature.probes, "random starts (default: 4)")
      ->check(CLI::Range(1, 1000));
  shape->callback([&] { status = show_curvature(curvature, registries); });

  CLI::App* matters =
      app.add_subcommand("influence", "list the training examples that matter for a prediction");
  add_run_options(*matters, influence.run);
  matters->add_option("--test", influence.test, "position in the test set, from 0")
      ->required()
      ->check(CLI::Range(0, kMostExamples));
  matters->add_option("--top", influence.top, "how many to list (default: 10)")
      ->check(CLI::Range(1, kMostExamples));
  matters
      ->add_option("--retrain", influence.retrain,
                   "how many of them to retrain without, for comparison (default: 0)")
      ->check(CLI::Range(0, kMostExamples));
  matters->add_option("--output", influence.run.output,
                      "folder for all effects as CSV and JSON (default: results/NAME)");
  matters->add_option("--solve", influence.solve,
                      "settings of the solve, as \"curvature: hessian, damping: 0\"");
  matters->callback([&] { status = show_influence(influence, registries); });

  CLI::App* list = app.add_subcommand("list", "list methods, data sets, models and metrics");
  list->callback([&] { status = list_entries(registries); });

  CLI::App* describe =
      app.add_subcommand("describe", "show the formula and the settings of one of them");
  describe->add_option("NAME", name, "such as newton")->required();
  describe->callback([&] { status = describe_entry(name, registries); });

  CLI::App* show = app.add_subcommand("show", "print the table of a finished run again");
  show->add_option("RESULTS", name, "folder of results")->required();
  show->callback([&] { status = show_results(name, registries); });

  CLI::App* compare = app.add_subcommand("compare", "test two runs against each other, row by row");
  compare->add_option("A", name, "folder of results")->required();
  compare->add_option("B", other, "another")->required();
  compare->callback([&] { status = compare_results(name, other, registries); });

  CLI::App* rank = app.add_subcommand("rank", "rank the methods of one run or several, with tests");
  rank->add_option("RESULTS", folders, "folders of results")->required();
  rank->add_option("--by", column, "column to rank by (default: avg_gap)");
  rank->callback([&] { status = rank_results(folders, column, registries); });

  CLI::App* variance =
      app.add_subcommand("variance", "split a run's scatter into training and unlearning");
  variance->add_option("RESULTS", name, "folder of results")->required();
  variance->callback([&] { status = show_variance(name, registries); });

  CLI::App* explain = app.add_subcommand("explain", "define a metric: formula, range, direction");
  explain->add_option("METRIC", name, "a metric, a column, or verdict")->required();
  explain->callback([&] { status = explain_metric(name, registries); });

  CLI::App* store = app.add_subcommand("store", "look after the store of finished stages");
  store->require_subcommand(1);
  for (const char* action : {"ls", "verify", "gc"}) {
    const std::string what = action;
    CLI::App* sub = store->add_subcommand(
        what, what == "ls"       ? "list its entries"
              : what == "verify" ? "compare every file with its checksum"
                                 : "remove damaged entries and what killed processes left");
    sub->add_option("--store", store_folder, "folder (or OUBLI_STORE)");
    sub->callback([&, what] { status = store_action(what, store_folder); });
  }

  CLI::App* data = app.add_subcommand("data", "get data sets");
  data->require_subcommand(1);
  CLI::App* get = data->add_subcommand("fetch", "download a data set, or resume, and check it");
  get->add_option("NAME", fetch.name, "mnist, fashion_mnist, cifar10 or cifar100")->required();
  get->add_option("--from", fetch.from, "mirror: an address or a folder");
  get->add_option("--data", fetch.data, "where to put it (or OUBLI_DATA)");
  get->callback([&] { status = fetch_data(fetch); });

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error);  // --help and --version
    require_known_words(app, argc, argv);
    throw Error(ErrorKind::kSettings,
                fmt::format("{}. `oubli COMMAND --help` says what it takes.", error.what()));
  }
  return status;
}

// A stream that was closed before the program began would be the next file that it opens.
void require_streams() {
  for (const int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (::fcntl(stream, F_GETFD) < 0)
      ::open("/dev/null", stream == STDIN_FILENO ? O_RDONLY : O_WRONLY);
  }
}

// Not by fmt::print, which throws where it cannot write.
void print_error(const std::string& message) {
  std::fputs(("oubli: " + message + "\n").c_str(), stderr);
}

// What was printed and could not be written is lost: the program must not say that all is well.
int flushed(int status) {
  if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0) return status;
  print_error(fmt::format("standard output cannot be written: {}.", std::strerror(errno)));
  return 2;
}

}  // namespace

int command_line(int argc, char** argv, const Registries& registries) {
  // One thread here: the work is in the workers, each with as many as the experiment says.
  at::set_num_threads(1);
  keep_freed_memory();
  require_streams();
  ::signal(SIGXFSZ, SIG_IGN);  // a limit on the size of files is then an error like a full disk
  try {
    return flushed(run_command(argc, argv, registries));
  } catch (const std::exception& error) {
    print_error(message_of(error));
  }
  return 2;
}

}  // namespace oubli
