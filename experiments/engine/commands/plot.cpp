// `oubli plot RESULTS --what NAME`: one figure of a run's page as a file for a paper.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/base/registry.h"
#include "core/base/text.h"
#include "experiments/engine/commands/command.h"
#include "experiments/engine/commands/waiting.h"
#include "experiments/engine/report/layout.h"
#include "experiments/engine/report/page/page.h"
#include "experiments/engine/report/page/picture.h"
#include "experiments/engine/terminal.h"

namespace oubli {
namespace {

struct PlotOptions {
  std::string folder, what, format = "svg", output;
  PictureSettings picture;
};

const std::map<std::string, PictureFormat>& picture_formats() {
  static const std::map<std::string, PictureFormat> formats = {
      {"svg", PictureFormat::kSvg}, {"pdf", PictureFormat::kPdf}, {"png", PictureFormat::kPng}};
  return formats;
}

void list_figures(const std::vector<Figure>& figures) {
  std::size_t width = 0;
  for (const Figure& figure : figures) width = std::max(width, figure.name.size());
  for (const Figure& figure : figures) {
    fmt::print("{}", hanging(figure.name, std::min<std::size_t>(width + 2, 34), figure.title,
                             terminal_columns(stdout)));
  }
}

void plot(PlotOptions options, const Registries& registries) {
  const PageSource source = load_page_source(options.folder, registries.metrics);
  const std::vector<Figure> figures = figures_of({source.results, source.evidence});
  if (options.what.empty()) return list_figures(figures);
  std::vector<std::string> names;
  for (const Figure& figure : figures) {
    names.push_back(figure.name);
    if (figure.name != options.what) continue;
    options.picture.format = picture_formats().at(options.format);
    const std::filesystem::path file =
        options.output.empty() ? figure.name + "." + options.format : options.output;
    {
      const Waiting waiting("drawing");
      write_picture(file, figure, options.picture);
    }
    fmt::print("Written to {}\n", printable(file.string()));
    return;
  }
  throw Error(ErrorKind::kUsage, unknown_name_message("figure", options.what, names));
}

}  // namespace

void add_plot_command(CLI::App& program, CommandContext& context) {
  const auto options = std::make_shared<PlotOptions>();
  CLI::App* plotted =
      program.add_subcommand("plot", "write one figure of a finished run, for a paper");
  plotted->add_option("RESULTS", options->folder, "folder of results")->required();
  plotted->add_option("--what", options->what, "which figure; without it, lists their names")
      ->type_name("NAME");
  plotted->add_option("--format", options->format, "svg, pdf or png")
      ->check(CLI::IsMember({"svg", "pdf", "png"}))
      ->capture_default_str();
  plotted->add_option("--output", options->output, "the file (default: NAME.FORMAT here)");
  plotted->add_option("--width", options->picture.width, "in pixels of 1/96 inch")
      ->check(CLI::Range(200, 4000))
      ->capture_default_str();
  plotted->add_flag("--dark", options->picture.is_dark, "light lines on dark ground");
  plotted->callback([options, &context] { plot(*options, context.registries); });
}

}  // namespace oubli
