#include "experiments/engine/report/page/page.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <functional>

#include "core/base/file.h"
#include "core/base/hash.h"
#include "core/base/text.h"
#include "experiments/engine/report/output.h"
#include "experiments/engine/report/page/html.h"
#include "experiments/engine/report/page/page_parts.h"
#include "experiments/engine/report/page/page_shell.h"

namespace oubli {
namespace {

namespace fs = std::filesystem;

std::string text_if_there(const fs::path& file) {
  return fs::exists(file) ? read_text_file(file, ErrorKind::kData) : "";
}

Json json_if_there(const fs::path& file) {
  const std::string text = text_if_there(file);
  if (text.empty()) return Json::object();
  Json json = parse_json(text);
  if (json.is_discarded())
    throw Error(ErrorKind::kData, fmt::format("{}: not JSON, or cut short", file.string()));
  return json;
}

// What `use` makes of a file, tried: errors then name it.
Json checked(const fs::path& file, const std::function<void(const Json&)>& use) {
  Json json = json_if_there(file);
  try {
    use(json);
  } catch (const std::exception&) {
    throw Error(ErrorKind::kData,
                fmt::format("{}: does not hold what oubli writes there. Was it changed by hand?",
                            file.string()));
  }
  return json;
}

// Of a sequence of edits, in the order of requests.
std::vector<Results> checkpoints_of(const fs::path& folder, const Registry<Metric>& metrics) {
  std::vector<Results> checkpoints;
  const fs::path all = folder / "checkpoints";
  if (!fs::is_directory(all)) return checkpoints;
  for (const std::string& name : names_in(all, ErrorKind::kData)) {
    if (fs::exists(all / name / "results.json"))  // else it is somebody else's
      checkpoints.push_back(load_results((all / name).string(), metrics));
  }
  std::sort(checkpoints.begin(), checkpoints.end(),
            [](const Results& a, const Results& b) { return a.after_requests < b.after_requests; });
  return checkpoints;
}

struct Part {
  std::string id;  // goes before the names of what is in it
  std::vector<Figure> figures;
};

std::string navigation(const std::vector<PageSource>& sources, const std::vector<Part>& parts) {
  std::string html = "<nav aria-label=\"Parts of this page\"><ul>\n";
  if (sources.size() > 1) {
    html += "<li><a href=\"#overview\">The runs</a></li>\n";
    for (std::size_t i = 0; i < sources.size(); ++i)
      html += fmt::format("<li><a href=\"#r{}\">{}</a></li>\n", i + 1,
                          escaped_html(sources[i].shown_title()));
    return html + "</ul></nav>\n";
  }
  const Part& part = parts.front();
  for (const FigureSection& section : kFigureSections) {
    const bool is_there =
        std::any_of(part.figures.begin() + (part.figures.empty() ? 0 : 1), part.figures.end(),
                    [&](const Figure& figure) { return figure.section == section.name; });
    if (is_there)
      html +=
          fmt::format("<li><a href=\"#{}{}\">{}</a></li>\n", part.id, section.name, section.title);
  }
  if (!sources.front().evidence.examples.empty())
    html += fmt::format("<li><a href=\"#{}examples\">Examples of the edit</a></li>\n", part.id);
  if (!sources.front().evidence.influences.empty())
    html +=
        fmt::format("<li><a href=\"#{}influences\">What predictions rest on</a></li>\n", part.id);
  html += fmt::format(
      "<li><a href=\"#{0}table-heading\">The whole table</a></li>\n<li><a "
      "href=\"#{0}made\">How it was made</a></li>\n",
      part.id);
  return html + "</ul></nav>\n";
}

std::string of_one(const PageSource& source, const Part& part) {
  const std::string shown = part.figures.empty() ? "" : part.figures.front().name;
  return summary_part(source, part.figures, part.id) + figures_part(part.figures, shown, part.id) +
         examples_part(source.evidence, part.id) + influences_part(source.evidence, part.id) +
         table_part(source.results, part.id) + made_part(source, part.id);
}

}  // namespace

PageSource load_page_source(const fs::path& folder, const Registry<Metric>& metrics) {
  PageSource source;
  const fs::path parent = folder.has_parent_path() ? folder.parent_path() : fs::path(".");
  const fs::path place = fs::is_directory(folder) ? folder : parent;
  source.results = load_results(folder.string(), metrics);
  source.name = printable(fs::weakly_canonical(fs::absolute(place)).filename().string());
  source.results.checkpoints = checkpoints_of(place, metrics);
  const fs::path evidence = place / kEvidenceFile;
  if (fs::exists(evidence))
    source.evidence = Evidence::from_json(json_if_there(evidence), evidence.string());
  for (const std::string& name : names_in(place, ErrorKind::kData)) {
    if (!name.ends_with(".json")) continue;
    if (name.starts_with("influence-test-")) {
      source.evidence.influences.push_back(checked(place / name, [](const Json& json) {
        Evidence only;
        only.influences = {json};
        influences_part(only, "");
      }));
    }
    if (name.starts_with("spectrum-")) {
      source.evidence.spectra.push_back(checked(place / name, [](const Json& json) {
        Evidence only;
        only.spectra = {json};
        spectrum_figures({Results(), only});
      }));
    }
  }
  source.environment = checked(place / "environment.json", [](const Json& json) {
    PageSource only;
    only.environment = json;
    made_part(only, "");
  });
  source.settings = text_if_there(place / "resolved.yaml");
  const std::string entries = text_if_there(place / "entries.csv");
  const auto lines = static_cast<std::size_t>(std::count(entries.begin(), entries.end(), '\n'));
  source.entries = lines > 0 ? lines - 1 : 0;
  source.entries_hash = entries.empty() ? "" : sha256_hex(entries);
  return source;
}

std::string report_page(const std::vector<PageSource>& sources) {
  std::vector<Part> parts;
  std::vector<std::string> titles;
  for (std::size_t i = 0; i < sources.size(); ++i) {
    parts.push_back({sources.size() > 1 ? fmt::format("r{}-", i + 1) : "",
                     figures_of({sources[i].results, sources[i].evidence})});
    titles.push_back(sources[i].shown_title());
  }
  const std::string title =
      sources.size() == 1 ? titles.front() : fmt::format("{} runs", sources.size());
  std::string body;
  if (sources.size() > 1) body += overview_part(sources);
  for (std::size_t i = 0; i < sources.size(); ++i) {
    if (sources.size() > 1) {
      body += fmt::format("<article aria-labelledby=\"r{0}\">\n<h2 id=\"r{0}\">{1}</h2>\n", i + 1,
                          escaped_html(titles[i]));
    }
    body += of_one(sources[i], parts[i]);
    if (sources.size() > 1) body += "</article>\n";
  }
  const Json& environment = sources.front().environment;
  const bool has_version = environment.is_object() && environment.contains("oubli");
  return whole_page({title, navigation(sources, parts), body,
                     has_version ? text_of_json(environment.at("oubli")) : ""});
}

}  // namespace oubli
