#include "experiments/engine/report/page/picture.h"

#include <fmt/format.h>

#include <cstdlib>

#include "core/base/file.h"
#include "core/base/file_lock.h"
#include "experiments/engine/report/page/assets.h"
#include "experiments/engine/run_program.h"

namespace oubli {
namespace {

namespace fs = std::filesystem;

// A folder of its own for what is passed between programs.
class Scratch {
 public:
  Scratch() : folder_(fs::temp_directory_path() / fmt::format("oubli-plot-{}", random_suffix())) {
    create_folder(folder_);
  }
  ~Scratch() {
    std::error_code ignored;
    fs::remove_all(folder_, ignored);
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  fs::path operator/(const char* name) const { return folder_ / name; }

 private:
  fs::path folder_;
};

void run(const std::vector<std::string>& command, const char* package, const fs::path& input,
         const fs::path& output) {
  const ProgramEnd end = run_program(command, input, output);
  if (!end.is_there) {
    throw Error(ErrorKind::kUsage,
                fmt::format("drawing needs the program {}, which is not there: `apt-get install "
                            "{}`. The page report.html has the same figures without it.",
                            command.front(), package));
  }
  if (end.status != 0) {
    throw Error(ErrorKind::kStore, fmt::format("{} ended with status {}: {}", command.front(),
                                               end.status, end.errors));
  }
}

}  // namespace

void write_picture(const fs::path& file, const Figure& figure, const PictureSettings& settings) {
  const Scratch scratch;
  write_file(scratch / "plot.js",
             fmt::format("{}\n{}\n{}", kVegaScript, kThemeScript, kPlotScript));
  write_file(scratch / "spec.json",
             figure.spec.dump(-1, ' ', false, Json::error_handler_t::replace));
  run({"node", (scratch / "plot.js").string(), fmt::to_string(settings.width),
       settings.is_dark ? "dark" : "light"},
      "nodejs", scratch / "spec.json", scratch / "picture.svg");
  if (settings.format == PictureFormat::kSvg) {
    write_file(file, read_text_file(scratch / "picture.svg", ErrorKind::kStore));
    return;
  }
  const bool is_pdf = settings.format == PictureFormat::kPdf;
  std::vector<std::string> convert = {"rsvg-convert", "--format", is_pdf ? "pdf" : "png"};
  if (!is_pdf) convert.insert(convert.end(), {"--zoom", "3"});
  convert.insert(convert.end(), {"--background-color", settings.is_dark ? "#15171c" : "#ffffff"});
  run(convert, "librsvg2-bin fonts-dejavu-core", scratch / "picture.svg", scratch / "picture");
  write_file(file, read_text_file(scratch / "picture", ErrorKind::kStore));
}

}  // namespace oubli
