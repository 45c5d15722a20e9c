#include "experiments/engine/commands/help_format.h"

#include <cstdio>

#include "experiments/engine/report/layout.h"
#include "experiments/engine/terminal.h"

namespace oubli {
namespace {

// Names that are wider than their column stand on a line of their own.
std::string entry(const std::string& name, const std::string& text, std::size_t indent) {
  const std::size_t width = terminal_columns(stdout);
  if (text.empty()) return name + "\n";
  if (shown_width(name) + 2 <= indent) return hanging(name, indent, text, width);
  return wrapped(name, width) + hanging("", indent, text, width);
}

}  // namespace

std::string HelpFormat::make_description(const CLI::App* app) const {
  const std::string text = app->get_description();
  return text.empty() ? "" : wrapped(text, terminal_columns(stdout));
}

std::string HelpFormat::make_option(const CLI::Option* option, bool is_positional) const {
  constexpr std::size_t kIndent = 28;
  return entry("  " + make_option_name(option, is_positional) + make_option_opts(option),
               make_option_desc(option), kIndent);
}

std::string HelpFormat::make_subcommand(const CLI::App* command) const {
  constexpr std::size_t kIndent = 14;
  return entry("  " + command->get_name(), command->get_description(), kIndent);
}

}  // namespace oubli
