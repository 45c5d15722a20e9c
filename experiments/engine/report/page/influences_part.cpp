// Which training examples a prediction rests on, as `oubli influence` wrote it.
#include <fmt/format.h>

#include "experiments/engine/report/page/html.h"
#include "experiments/engine/report/page/page_parts.h"

namespace oubli {
namespace {

std::string shown_picture(const Json& example, const std::string& what) {
  return picture_html(
      example.value("picture", ""),
      fmt::format("{} {}, labelled {}", what, example.value("row", Json(0)).get<std::int64_t>(),
                  example.value("label", "")));
}

std::string effect_row(const char* name, const Json& example, const char* key) {
  if (!example.contains(key) || !example.at(key).is_number()) return "";
  return fmt::format("<tr><th scope=\"row\">{}</th><td>{:+.3e}</td></tr>", name,
                     example.at(key).get<double>());
}

std::string effect_item(const Json& example) {
  return fmt::format(
      "<li>{}<p><strong>Row {}</strong></p><p>labelled {}</p><table><caption>change of the loss "
      "without it</caption><tbody>{}{}</tbody></table></li>\n",
      shown_picture(example, "Training example"), example.value("row", Json(0)).get<std::int64_t>(),
      escaped_html(example.value("label", "")),
      effect_row("predicted", example, "predicted_effect"),
      effect_row("retrained", example, "retrained_effect"));
}

}  // namespace

std::string influences_part(const Evidence& evidence, const std::string& id) {
  std::string inner;
  for (const Json& influence : evidence.influences) {
    if (!influence.contains("shown") || !influence.contains("test")) continue;  // of an older oubli
    const int level = heading_level(id) + 1;
    inner += fmt::format(
        "<h{0}>Test example {1}, labelled {2}: loss {3:.4g}</h{0}>\n<p>{4}</p>\n<ul "
        "class=\"examples\">\n",
        level, influence.value("test_example", Json(0)).get<std::int64_t>(),
        escaped_html(influence.at("test").value("label", "")),
        influence.value("loss", Json(0.0)).get<double>(),
        shown_picture(influence.at("test"), "Test example of row"));
    for (const Json& example : influence.at("shown")) inner += effect_item(example);
    inner += "</ul>\n";
  }
  if (inner.empty()) return "";
  return section_start(id, "influences", "What predictions rest on") +
         "<p class=\"quiet\">The training examples with the largest effects on a test example's "
         "loss, "
         "of one original (<code>oubli influence</code>). Above 0: the loss rises without it, so "
         "it "
         "helps.</p>\n" +
         inner + "</section>\n";
}

}  // namespace oubli
