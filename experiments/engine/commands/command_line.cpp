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
#include <memory>
#include <string>
#include <vector>

#include "core/base/error.h"
#include "core/base/memory.h"
#include "experiments/engine/commands/command.h"
#include "experiments/engine/commands/help_format.h"
#include "experiments/engine/commands/paragraph.h"
#include "experiments/engine/environment.h"
#include "experiments/engine/plugin.h"
#include "experiments/engine/report/run_experiment.h"

namespace oubli {
namespace {

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

// `--plugin FILE` on every command that may name what a plug-in brings: loaded before the command
// does its work, or reads what it is about.
void add_plugin_option(CLI::App& app, Registries& registries) {
  const auto load = [&registries](const std::vector<std::string>& files) {
    for (const std::string& file : files) load_plugin(file, registries);
  };
  for (CLI::App* command : app.get_subcommands({})) {
    if (!command->get_subcommands({}).empty()) continue;
    command
        ->add_option_function<std::vector<std::string>>(
            "--plugin", load, "a shared library with methods, metrics, data or models")
        ->type_name("FILE")
        ->allow_extra_args(false);
  }
}

int run_command(int argc, char** argv, const Registries& given) {
  Registries registries = with_program_marked(given);
  CLI::App app("oubli: approximate unlearning of neural networks, measured against retraining",
               "oubli");
  app.formatter(std::make_shared<HelpFormat>());  // of commands too, which inherit it
  app.require_subcommand(1);
  app.set_version_flag("--version", oubli_version());
  CommandContext context{registries};
#define OUBLI_COMMAND(name) add_##name##_command(app, context);
#include "experiments/engine/commands/commands.def"
#undef OUBLI_COMMAND
  add_plugin_option(app, registries);
  try {
    app.parse(argc, argv);
  } catch (const Interrupted& interrupted) {
    std::fputs(folded(interrupted.what(), stderr).c_str(), stderr);
    return 130;
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error);  // --help and --version
    require_known_words(app, argc, argv);
    throw Error(ErrorKind::kSettings,
                fmt::format("{}. `oubli COMMAND --help` says what it takes.", error.what()));
  }
  return context.status;
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
  std::fputs(folded("oubli: " + message, stderr).c_str(), stderr);
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
