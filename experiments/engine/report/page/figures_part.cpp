#include <fmt/format.h>

#include <algorithm>

#include "experiments/engine/report/page/html.h"
#include "experiments/engine/report/page/page_parts.h"

namespace oubli {
namespace {

const char* const kKey =
    "<ul class=\"key\"><li><b class=\"m\">●</b>shown to be like the oracles</li><li><b "
    "class=\"m\">▲</b>"
    "differs</li><li><b class=\"m\">○</b>neither is shown</li><li><b class=\"o\">■</b>original</li>"
    "<li><b class=\"r\">◆</b>oracles, each against the others</li><li><b class=\"b\">&nbsp;</b>"
    "near the oracles</li></ul>\n";

bool has_dots(const std::string& section) { return section == "tradeoff" || section == "columns"; }

}  // namespace

int heading_level(const std::string& id) { return id.empty() ? 2 : 3; }

std::string section_start(const std::string& id, const std::string& name,
                          const std::string& title) {
  return fmt::format("<section{}><h{} id=\"{}\">{}</h{}>\n",
                     id.empty() ? fmt::format(" aria-labelledby=\"{}\"", name) : "",
                     heading_level(id), id + name, escaped_html(title), heading_level(id));
}

std::string figure_element(const Figure& figure, const std::string& id, int level) {
  const std::string name = id + figure.name;
  return fmt::format(
      "<figure id=\"{0}\"><h{1}>{2}</h{1}>\n<div class=\"chart\" role=\"img\" aria-label=\"{3}\" "
      "data-spec=\"{0}:spec\"></div>\n{4}<figcaption>{5}</figcaption></figure>\n",
      escaped_html(name), level, escaped_html(figure.title), escaped_html(figure.alternative),
      json_block(name + ":spec", figure.spec), escaped_html(figure.caption));
}

std::string figures_part(const std::vector<Figure>& figures, const std::string& shown,
                         const std::string& id) {
  std::string html;
  for (const FigureSection& section : kFigureSections) {
    std::string inner;
    bool is_wide = false;
    for (const Figure& figure : figures) {
      if (figure.section != section.name || figure.name == shown) continue;
      inner += figure_element(figure, id, heading_level(id) + 1);
      is_wide = is_wide || figure.spec.contains("layout");
    }
    if (inner.empty()) continue;
    html += section_start(id, section.name, section.title);
    html += fmt::format(
        "<p class=\"quiet\">{}</p>\n{}<div class=\"figures{}\">\n{}</div></section>\n",
        section.text, has_dots(section.name) ? kKey : "", is_wide ? " wide" : "", inner);
  }
  return html;
}

}  // namespace oubli
