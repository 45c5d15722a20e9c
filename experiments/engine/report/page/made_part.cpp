// How results were made: enough to make them again, and to see that these are the same.
#include <fmt/format.h>

#include "experiments/engine/report/page/html.h"
#include "experiments/engine/report/page/page_parts.h"

namespace oubli {
namespace {

std::string environment_items(const Json& environment) {
  std::string html;
  if (!environment.is_object()) return html;
  for (const auto& [name, value] : environment.items()) {
    if (value.is_object() || value.is_array()) continue;
    html += definition_item(name, escaped_html(text_of_json(value)));
  }
  if (!environment.contains("stages_made_on")) return html;
  for (const Json& machine : environment.at("stages_made_on")) {
    html += definition_item(
        "stages made on",
        escaped_html(fmt::format("{}: {}, LibTorch {}, {}",
                                 text_of_json(machine.value("stages", Json(0))),
                                 text_of_json(machine.value("processor", Json("unknown"))),
                                 text_of_json(machine.value("libtorch", Json("unknown"))),
                                 text_of_json(machine.value("cpu_capability", Json("unknown"))))));
  }
  return html;
}

std::string seeds_text(const Json& settings) {
  if (!settings.is_object() || !settings.contains("seeds")) return "";
  std::string text;
  for (const auto& [name, value] : settings.at("seeds").items())
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", name, text_of_json(value));
  return text;
}

}  // namespace

std::string made_part(const PageSource& source, const std::string& id) {
  std::string html = section_start(id, "made", "How it was made");
  html += fmt::format(
      "<p>The settings "
      "below are complete: every default is written out. Saved as a file, this makes the same bits "
      "again on the same kind of processor:</p>\n<pre tabindex=\"0\">oubli run {}/resolved.yaml"
      "</pre>\n<dl class=\"made\">\n",
      escaped_html(source.name.empty() ? "RESULTS" : source.name));
  html += definition_item("seeds", escaped_html(seeds_text(source.results.resolved)));
  html += environment_items(source.environment);
  if (source.entries > 0) {
    html += definition_item("made from",
                            fmt::format("{} entries of the store, listed with their hashes in "
                                        "entries.csv (SHA-256 <code>{}</code>)",
                                        source.entries, escaped_html(source.entries_hash)));
  }
  html += "</dl>\n";
  if (!source.settings.empty()) {
    html += fmt::format(
        "<details><summary>All settings (resolved.yaml)</summary><pre tabindex=\"0\">"
        "{}</pre></details>\n",
        escaped_html(source.settings));
  }
  if (source.environment.is_object() && !source.environment.empty()) {
    html += fmt::format(
        "<details><summary>The environment (environment.json)</summary><pre "
        "tabindex=\"0\">{}</pre></details>\n",
        escaped_html(source.environment.dump(2, ' ', false, Json::error_handler_t::replace)));
  }
  return html + "</section>\n";
}

}  // namespace oubli
