// How `--help` looks: the library's texts, folded at words to the terminal's width.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

namespace oubli {

class HelpFormat : public CLI::Formatter {
 public:
  std::string make_description(const CLI::App* app) const override;
  std::string make_option(const CLI::Option* option, bool is_positional) const override;
  std::string make_subcommand(const CLI::App* command) const override;
};

}  // namespace oubli
